"""A peer that calls payments over gRPC, as compliance may one day; the contract names no caller today."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import grpc.aio

from chassis.rpc import RpcServer, connect
from chassis.settings import ServiceSettings
from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import payments_pb2
from kernel.ids import new_id
from payments.interfaces.grpc import rpc_services
from services.payments.tests.contract.bank import Bank, Holder

if TYPE_CHECKING:
    from elcorp.payments.v1 import payments_pb2_grpc

    Stub: TypeAlias = "payments_pb2_grpc.LedgerServiceAsyncStub"
else:
    Stub = object


class PeerSettings(ServiceSettings):
    NAME: ClassVar[str] = "compliance"
    PEERS: ClassVar[tuple[str, ...]] = ("payments",)


@asynccontextmanager
async def calling(
    bank: Bank, settings: type[ServiceSettings] = PeerSettings, *, local: bool = True
) -> AsyncIterator[grpc.aio.Channel]:
    """Serve the bank to peers and open a peer's channel."""
    server = RpcServer("127.0.0.1", 0, rpc_services(bank.payments, bank.access_control), local=local)
    await server.start()
    async with connect(settings(payments_target=f"dns:///127.0.0.1:{server.port}"), "payments") as channel:
        yield channel
    await server.stop(grace_seconds=1)


def order(
    bank: Bank, source: Holder, target: Holder, amount: str, *, key: str = "", token: str | None = None, **more: Any
) -> payments_pb2.Order:
    """Build an order of the source's owner, who is signed in unless `bearer` says otherwise."""
    return payments_pb2.Order(
        key=key or str(new_id()),
        initiator_id=str(source.user_id),
        source_id=str(source.wallet_id),
        target_id=str(target.wallet_id),
        amount=money_pb2.Money(amount=amount, currency="NAD"),
        access_token=bank.token(source.user_id) if token is None else token,
        **more,
    )
