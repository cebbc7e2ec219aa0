"""A method answers only the services that its contract names; a service whose contract names none does not start."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from grpc import aio
from structlog.testing import capture_logs

from chassis.rpc import RemoteError, RpcServer, RpcService, UnguardedMethodError, caller
from chassis.testing.running import eventually
from elcorp.compliance.v1.compliance_pb2 import ScreenTransfersRequest
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub
from elcorp.options.v1 import options_pb2
from kernel.errors import Kind
from libs.chassis.tests.rpc.made_contracts import contract, method

Access = options_pb2.MethodAccess


NAMED = contract(
    "named",
    method("Open", Access(callers=["payments", "identity"])),
    method("Local", Access(callers=["payments"], local_callers=["benchmark"])),
    method("Closed", Access()),
)
UNDECLARED = contract("undeclared", method("Declared", Access(callers=["payments"])), method("Forgotten", None))


class Servicer:
    """Records the calls that reach a method."""

    def __init__(self) -> None:
        self.callers: list[str] = []

    async def serve(self, request: Empty, context: Any) -> Empty:
        self.callers.append(caller().subject_id)
        return Empty()

    async def stream(self, request: Empty, context: Any) -> AsyncIterator[Empty]:
        self.callers.append(caller().subject_id)
        yield Empty()


def adding(name: str, methods: Sequence[str], *, streaming: bool = False) -> Callable[[Servicer, aio.Server], None]:
    kind = grpc.unary_stream_rpc_method_handler if streaming else grpc.unary_unary_rpc_method_handler

    def add(servicer: Servicer, server: aio.Server) -> None:
        behaviour = servicer.stream if streaming else servicer.serve
        handlers = {each: kind(behaviour, Empty.FromString, Empty.SerializeToString) for each in methods}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))

    return add


@asynccontextmanager
async def serving(*services: RpcService, **options: Any) -> AsyncIterator[aio.Channel]:
    server = RpcServer("127.0.0.1", 0, services, **options)
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel
    await server.stop(0)


async def call(channel: aio.Channel, path: str, service: str) -> grpc.StatusCode:
    ask = channel.unary_unary(path, request_serializer=Empty.SerializeToString, response_deserializer=Empty.FromString)
    try:
        await ask(Empty(), metadata=(("x-elcorp-service", service),), timeout=60)
    except aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


ALL = ("payments", "identity", "governance", "benchmark", "nobody", "payment", "payments ")


@pytest.mark.parametrize(
    ("name", "local", "named"),
    [
        ("Open", False, ["payments", "identity"]),
        ("Open", True, ["payments", "identity"]),
        ("Local", False, ["payments"]),
        ("Local", True, ["payments", "benchmark"]),
        ("Closed", False, []),
        ("Closed", True, []),
    ],
)
async def test_only_the_callers_that_a_method_names_reach_it(name, local, named):
    servicer = Servicer()
    async with serving(RpcService(adding(NAMED, [name]), servicer, NAMED), local=local) as channel:
        codes = {service: await call(channel, f"/{NAMED}/{name}", service) for service in ALL}
    denied = dict.fromkeys(ALL, grpc.StatusCode.PERMISSION_DENIED)
    assert codes == {**denied, **dict.fromkeys(named, grpc.StatusCode.OK)}
    assert servicer.callers == named


async def test_callers_for_local_are_accepted_in_local_only():
    servicer = Servicer()
    async with serving(RpcService(adding(NAMED, ["Local"]), servicer, NAMED)) as channel:
        assert await call(channel, f"/{NAMED}/Local", "benchmark") is grpc.StatusCode.PERMISSION_DENIED


async def test_a_refused_caller_gets_the_reason_and_is_logged_before_its_request_is_read(server, connect_to, screening, unnamed):
    with capture_logs() as lines:
        async with connect_to(f"127.0.0.1:{server.port}", caller=unnamed) as channel:
            with pytest.raises(RemoteError) as refused:
                # The request is invalid too.
                await ScreeningServiceStub(channel).ScreenTransfers(ScreenTransfersRequest())
            # The refusal is sent before its log line is written.
            await eventually(lambda: "rpc" in [line["event"] for line in lines])
    path = "/elcorp.compliance.v1.ScreeningService/ScreenTransfers"
    assert (refused.value.kind, refused.value.code) == (Kind.DENIED, "ACC_001")
    assert refused.value.message == "The method's contract does not name this service as a caller."
    assert refused.value.facts == {"caller": "governance", "method": path}
    assert screening.calls == 0
    assert [(line["name"], line["outcome"], line["caller"]) for line in lines if line["event"] == "rpc"] == [
        (path, "ACC_001", "governance")
    ]


def test_a_service_with_a_method_that_names_no_callers_does_not_start():
    service = RpcService(adding(UNDECLARED, ["Declared"]), Servicer(), UNDECLARED)
    with pytest.raises(UnguardedMethodError, match=r"tests\.undeclared\.Service\.Forgotten has no option"):
        RpcServer("127.0.0.1", 0, [service])


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_servicer_registered_under_another_contract_answers_no_call(streaming):
    servicer = Servicer()
    other = RpcService(adding(UNDECLARED, ["Declared"], streaming=streaming), servicer, NAMED)
    async with serving(other) as channel:
        code = await call(channel, f"/{UNDECLARED}/Declared", "payments")
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert servicer.callers == []
