"""Contracts that exist in the tests only."""

from google.protobuf import descriptor_pb2, descriptor_pool, empty_pb2

from elcorp.compliance.v1 import compliance_pb2
from elcorp.options.v1 import options_pb2

EMPTY = ".google.protobuf.Empty"


def contract(name: str, *methods: descriptor_pb2.MethodDescriptorProto) -> str:
    """Add a service to the contracts known to this process; return its full name."""
    file = descriptor_pb2.FileDescriptorProto(name=f"tests/{name}.proto", package=f"tests.{name}", syntax="proto3")
    file.dependency.extend(imported.DESCRIPTOR.name for imported in (empty_pb2, compliance_pb2))
    file.service.add(name="Service").method.extend(methods)
    descriptor_pool.Default().Add(file)
    return f"tests.{name}.Service"


def method(
    name: str,
    access: options_pb2.MethodAccess | None,
    *,
    takes: str = EMPTY,
    returns: str = EMPTY,
    requests_stream: bool = False,
    responses_stream: bool = False,
) -> descriptor_pb2.MethodDescriptorProto:
    made = descriptor_pb2.MethodDescriptorProto(
        name=name,
        input_type=takes,
        output_type=returns,
        client_streaming=requests_stream,
        server_streaming=responses_stream,
    )
    if access is not None:
        made.options.Extensions[options_pb2.access].CopyFrom(access)
    return made
