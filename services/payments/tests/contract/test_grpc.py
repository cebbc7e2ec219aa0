"""The gRPC contract that peers rely on."""

from collections.abc import Awaitable
from typing import Any

import pytest

from chassis.rpc import RemoteError
from chassis.testing.stored import unchanged
from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import events_pb2, payments_pb2
from kernel.errors import Kind
from kernel.ids import new_id
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Record
from services.payments.tests.contract.peers import Stub, order


async def refused(bank: Bank, call: Awaitable[Any]) -> tuple[Kind, str]:
    """Return how a call that changes nothing is refused."""
    async with unchanged(bank.database):
        with pytest.raises(RemoteError) as refusal:
            await call
    return refusal.value.kind, refusal.value.code


async def test_an_order_is_settled_once(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.merchant()
    request = payments_pb2.TransferRequest(order=order(bank, payer, payee, "60.00", key="once", reference="INV-1"))
    first, again = [(await stub.Transfer(request)).settled for _ in range(2)]
    assert (first.status, first.replayed, again.replayed) == ("completed", False, True)
    assert first.transfer_id == again.transfer_id
    view = await stub.GetTransfer(payments_pb2.GetTransferRequest(transfer_id=first.transfer_id))
    assert (view.kind, view.reference, view.amount.amount, view.initiator_id) == ("payment", "INV-1", "60.00", str(payer.user_id))
    assert view.created_at == view.settled_at
    wallet = await stub.GetWallet(payments_pb2.GetWalletRequest(wallet_id=str(payer.wallet_id)))
    assert (wallet.balance.amount, wallet.held.amount, wallet.available.amount) == ("40.00", "0.00", "40.00")
    assert (wallet.owner_id, wallet.status, wallet.balance.currency) == (str(payer.user_id), "open", "NAD")


async def test_a_peer_reads_the_current_state_of_a_transfer_and_its_wallets(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.merchant()
    held_at = bank.clock.now()
    held = (await bank.made(payer, payee, "60.00", path="/payments", reference="INV-7", capture="later"))["id"]

    async def seen() -> tuple[payments_pb2.GetTransferResponse, payments_pb2.GetWalletResponse]:
        wallet = payments_pb2.GetWalletRequest(wallet_id=str(payer.wallet_id))
        return await stub.GetTransfer(payments_pb2.GetTransferRequest(transfer_id=held)), await stub.GetWallet(wallet)

    def nad(amount: str) -> money_pb2.Money:
        return money_pb2.Money(amount=amount, currency="NAD")

    transfer = payments_pb2.GetTransferResponse(
        transfer_id=held,
        kind="payment",
        status="pending",
        source_id=str(payer.wallet_id),
        target_id=str(payee.wallet_id),
        amount=nad("60.00"),
        reference="INV-7",
        initiator_id=str(payer.user_id),
    )
    transfer.created_at.FromDatetime(held_at)
    wallet = payments_pb2.GetWalletResponse(
        wallet_id=str(payer.wallet_id),
        owner_id=str(payer.user_id),
        balance=nad("100.00"),
        held=nad("60.00"),
        available=nad("40.00"),
        status="open",
    )
    assert await seen() == (transfer, wallet)

    bank.wait(seconds=60)
    await bank.post(f"/transfers/{held}/capture", payee.user_id, {})
    await bank.staff("POST", f"/wallets/{payer.wallet_id}/freeze", {"reason": "suspicion"})
    transfer.status, wallet.status = "completed", "frozen"
    transfer.settled_at.FromDatetime(bank.clock.now())
    for money, amount in ((wallet.balance, "40.00"), (wallet.held, "0.00")):
        money.amount = amount
    assert await seen() == (transfer, wallet)


async def test_a_batch_returns_each_outcome_in_the_order_of_the_request(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    orders = [
        order(bank, payer, payee, "60.00", key="a"),
        order(bank, payer, payee, "60.00"),
        order(bank, payer, payee, "40.00"),
        order(bank, payer, payee, "60.00", key="a"),
        order(bank, payer, payer, "1.00"),
        order(bank, payer, Holder(), "1.00"),
    ]
    answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=orders))
    outcomes = [one.settled.status or one.refusal.code for one in answer.outcomes]
    assert outcomes == ["completed", "PAY_001", "completed", "completed", "PAY_005", "RES_001"]
    assert [one.settled.replayed for one in answer.outcomes] == [False, False, False, True, False, False]
    assert answer.outcomes[1].refusal.message
    assert await bank.wallet(payer) == ("0.00", "0.00", "0.00")


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "k" * 256},
        {"initiator_id": "somebody"},
        {"source_id": ""},
        {"description": "d" * 141},
        {"amount": money_pb2.Money(amount="1.001", currency="NAD")},
        {"amount": money_pb2.Money(amount="-1", currency="NAD")},
        {"amount": money_pb2.Money(amount="NaN", currency="NAD")},
        {"amount": money_pb2.Money(amount="1", currency="XXX")},
        {"amount": money_pb2.Money(amount="1e3", currency="NAD")},
    ],
)
async def test_invalid_requests_are_refused_and_move_nothing(bank: Bank, stub: Stub, changes: dict[str, Any]) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    wrong = order(bank, payer, payee, "1.00")
    for name, value in changes.items():
        if name == "amount":
            wrong.amount.CopyFrom(value)
        else:
            setattr(wrong, name, value)
    kind, _ = await refused(bank, stub.Transfer(payments_pb2.TransferRequest(order=wrong)))
    assert kind is Kind.INVALID


async def test_empty_requests_are_invalid_and_unknown_ids_are_not_found(bank: Bank, stub: Stub) -> None:
    unknown, none = str(new_id()), ""
    for call, kind in (
        (stub.Transfer(payments_pb2.TransferRequest()), Kind.INVALID),
        (stub.PostTransfers(payments_pb2.PostTransfersRequest()), Kind.INVALID),
        (stub.GetTransfer(payments_pb2.GetTransferRequest(transfer_id=none)), Kind.INVALID),
        (stub.GetTransfer(payments_pb2.GetTransferRequest(transfer_id=unknown)), Kind.NOT_FOUND),
        (stub.GetWallet(payments_pb2.GetWalletRequest(wallet_id="x")), Kind.INVALID),
        (stub.GetWallet(payments_pb2.GetWalletRequest(wallet_id=unknown)), Kind.NOT_FOUND),
        (stub.FreezeWallet(payments_pb2.FreezeWalletRequest(wallet_id=unknown, reason="no")), Kind.INVALID),
        (stub.FreezeWallet(payments_pb2.FreezeWalletRequest(wallet_id=unknown, reason="suspicion")), Kind.NOT_FOUND),
        (stub.UnfreezeWallet(payments_pb2.UnfreezeWalletRequest(wallet_id=unknown, reason="no")), Kind.INVALID),
        (stub.UnfreezeWallet(payments_pb2.UnfreezeWalletRequest(wallet_id=unknown, reason="cleared")), Kind.NOT_FOUND),
    ):
        assert (await refused(bank, call))[0] is kind


async def test_an_error_of_the_ledger_has_its_code(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("1.00"), await bank.holder()
    call = stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "2.00")))
    assert await refused(bank, call) == (Kind.REFUSED, "PAY_001")


async def test_a_key_names_one_order_across_both_calls(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    await stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "1.00", key="once")))
    other = order(bank, payer, payee, "2.00", key="once")
    assert (await refused(bank, stub.Transfer(payments_pb2.TransferRequest(order=other))))[1] == "VAL_002"
    async with unchanged(bank.database):
        answer = await stub.PostTransfers(payments_pb2.PostTransfersRequest(orders=[other]))
    assert [one.refusal.code for one in answer.outcomes] == ["VAL_002"]


async def test_orders_of_peers_are_screened_by_compliance_too(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    for blocked in (payer.user_id, payer.wallet_id, payee.wallet_id):
        bank.screening.blocked = {blocked}
        async with unchanged(bank.database, but=("outbox",)):
            with pytest.raises(RemoteError) as refusal:
                await stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "1.00")))
        assert refusal.value.code == "PAY_007"


async def test_a_peer_cannot_bypass_approvals_or_signatures(bank: Bank, stub: Stub) -> None:
    payer, payee = await bank.holder("9000.00"), await bank.holder()
    bank.prices.rules = approval_from("500")
    settled = (await stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "500.00")))).settled
    assert settled.status == "pending_approval"
    view = await stub.GetTransfer(payments_pb2.GetTransferRequest(transfer_id=settled.transfer_id))
    assert not view.HasField("settled_at")
    call = stub.Transfer(payments_pb2.TransferRequest(order=order(bank, payer, payee, "5000.01")))
    assert (await refused(bank, call))[1] == "PAY_016"


async def test_a_freeze_by_compliance_is_recorded_with_compliance_as_its_actor(bank: Bank, stub: Stub) -> None:
    holder, other = await bank.holder("5.00"), await bank.holder("5.00")
    wallet_id, record = str(holder.wallet_id), Record(bank.database, bank.clock)
    await record.skip()
    for reason in ("on a list", "on two lists"):
        await stub.FreezeWallet(payments_pb2.FreezeWalletRequest(wallet_id=wallet_id, reason=reason))
    assert (await stub.GetWallet(payments_pb2.GetWalletRequest(wallet_id=wallet_id))).status == "frozen"
    for one in (order(bank, holder, other, "1.00"), order(bank, other, holder, "1.00")):
        call = stub.Transfer(payments_pb2.TransferRequest(order=one))
        assert (await refused(bank, call))[1] == "PAY_008"
    unfreeze = payments_pb2.UnfreezeWalletRequest(wallet_id=wallet_id, reason="mistaken identity")
    await stub.UnfreezeWallet(unfreeze)
    assert (await stub.GetWallet(payments_pb2.GetWalletRequest(wallet_id=wallet_id))).status == "open"
    assert (await refused(bank, stub.UnfreezeWallet(unfreeze)))[1] == "PAY_011"
    messages, facts = await record.news()
    assert messages == [
        events_pb2.WalletFrozen(wallet_id=wallet_id, reason="on a list"),
        events_pb2.WalletFrozen(wallet_id=wallet_id, reason="on two lists"),
        events_pb2.WalletUnfrozen(wallet_id=wallet_id, reason="mistaken identity"),
    ]
    assert [(fact.action, fact.by, fact.reason) for fact in facts] == [
        ("payments.wallet.freeze", ("service", "compliance"), "on a list"),
        ("payments.wallet.freeze", ("service", "compliance"), "on two lists"),
        ("payments.wallet.unfreeze", ("service", "compliance"), "mistaken identity"),
    ]
