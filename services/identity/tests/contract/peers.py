"""A peer of identity, as governance and payments are."""

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
