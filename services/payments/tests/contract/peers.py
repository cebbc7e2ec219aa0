"""A peer of payments, as compliance is."""

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from elcorp.payments.v1 import payments_pb2_grpc

    Stub: TypeAlias = "payments_pb2_grpc.LedgerServiceAsyncStub"
else:
    Stub = object


class PeerSettings(ServiceSettings):
    NAME: ClassVar[str] = "compliance"
    PEERS: ClassVar[tuple[str, ...]] = ("payments",)
