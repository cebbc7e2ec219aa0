"""A peer of identity, such as governance or payments."""

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from elcorp.identity.v1 import identity_pb2_grpc

    Stub: TypeAlias = "identity_pb2_grpc.IdentityServiceAsyncStub"
else:
    Stub = object


class PeerSettings(ServiceSettings):
    NAME: ClassVar[str] = "governance"
    PEERS: ClassVar[tuple[str, ...]] = ("identity",)
