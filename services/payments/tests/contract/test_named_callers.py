"""In production no caller of the gRPC API is named; on a developer's machine only the benchmark is."""

from typing import Any, ClassVar

import pytest

from chassis.rpc import RemoteError
from chassis.settings import ServiceSettings
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2, payments_pb2_grpc
from kernel.errors import Kind
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.peers import calling, order


def settings(name: str) -> type[ServiceSettings]:
    class Caller(ServiceSettings):
        NAME: ClassVar[str] = name
        PEERS: ClassVar[tuple[str, ...]] = ("payments",)

    return Caller


def requests(bank: Bank, payer: Holder, payee: Holder) -> dict[str, Any]:
    """Return a valid request of each method."""
    wallet = {"wallet_id": str(payer.wallet_id)}
    return {
        "Transfer": payments_pb2.TransferRequest(order=order(bank, payer, payee, "1.00")),
        "PostTransfers": payments_pb2.PostTransfersRequest(orders=[order(bank, payer, payee, "1.00")]),
        "GetTransfer": payments_pb2.GetTransferRequest(transfer_id=str(payer.wallet_id)),
        "GetWallet": payments_pb2.GetWalletRequest(**wallet),
        "FreezeWallet": payments_pb2.FreezeWalletRequest(**wallet, reason="suspicion"),
        "UnfreezeWallet": payments_pb2.UnfreezeWalletRequest(**wallet, reason="cleared"),
    }


METHODS = ("Transfer", "PostTransfers", "GetTransfer", "GetWallet", "FreezeWallet", "UnfreezeWallet")


def test_every_method_has_a_request_here() -> None:
    assert {each.name for each in payments_pb2.DESCRIPTOR.services_by_name["LedgerService"].methods} == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("caller", ["identity", "governance", "compliance", "payments", "gateway", "benchmark"])
async def test_outside_local_every_caller_is_refused_and_nothing_is_written(
    bank: Bank, payer: Holder, payee: Holder, caller: str, method: str
) -> None:
    async with calling(bank, settings(caller), local=False) as channel, unchanged(bank.database):
        with pytest.raises(RemoteError) as refused:
            await getattr(payments_pb2_grpc.LedgerServiceStub(channel), method)(requests(bank, payer, payee)[method])
    assert (refused.value.kind, refused.value.code) == (Kind.DENIED, "ACC_001")


@pytest.mark.parametrize("method", METHODS)
async def test_in_local_the_benchmark_moves_money_and_may_do_nothing_else(
    bank: Bank, payer: Holder, payee: Holder, method: str
) -> None:
    async with calling(bank, settings("benchmark")) as channel:
        call = getattr(payments_pb2_grpc.LedgerServiceStub(channel), method)(requests(bank, payer, payee)[method])
        if method in {"Transfer", "PostTransfers"}:
            await call
            assert await bank.wallet(payee) == ("1.00", "0.00", "1.00")
            return
        async with unchanged(bank.database):
            with pytest.raises(RemoteError) as refused:
                await call
        assert refused.value.code == "ACC_001"


@pytest.mark.parametrize("caller", ["compliance", "gateway"])
async def test_in_local_every_other_caller_is_refused(bank: Bank, payer: Holder, payee: Holder, caller: str) -> None:
    asked = requests(bank, payer, payee)
    async with calling(bank, settings(caller)) as channel, unchanged(bank.database):
        for method in METHODS:
            with pytest.raises(RemoteError) as refused:
                await getattr(payments_pb2_grpc.LedgerServiceStub(channel), method)(asked[method])
            assert refused.value.code == "ACC_001"
