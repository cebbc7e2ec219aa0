"""Transfers in PostgreSQL are read back as they were written, through their whole lifecycle."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, SystemCode
from payments.domain.fx_rate import Conversion
from payments.domain.price_book import FeeLine, Quote
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.integration.stored_accounts import ACTOR, AT, FACT, LATER, given, settle, system, wallet

BY = new_id()


def order_of(source: Account, target: Account, amount: str = "100.00", **more: Any) -> TransferOrder:
    values: dict[str, Any] = {
        "kind": TransferKind.TRANSFER,
        "key": "k",
        "initiator_id": source.owner_id,
        "source_id": source.id,
        "target_id": target.id,
        "amount": Money.of(amount, source.currency),
        "description": 'rent, "March" \\ ünï\u2028',
        "reference": "INV-17",
        "metadata": {"order": "A-17", "ключ": "'; --"},
        "link_id": new_id(),
        "signature": Signature(key_id=new_id(), algorithm="ES256", value="s" * 86),
        **more,
    }
    return TransferOrder(**values)


def priced(order: TransferOrder) -> Quote:
    rule = new_id()
    lines = (
        FeeLine("fees", Money.of("2.50", "NAD"), rule, refundable=True),
        FeeLine("vat", Money.of("0.38", "NAD"), rule),
    )
    return Quote(order.amount, lines)


FEE_ACCOUNTS = system(SystemCode.FEES, "NAD"), system(SystemCode.VAT, "NAD")


def fields_of(transfer: Transfer) -> dict[str, Any]:
    """Return every field of a transfer except its postings."""
    order, quote = transfer.order, transfer.quote
    names = (
        "id", "status", "created_at", "settled_at", "held", "captured", "refunded", "expires_at", "closed_at", "decided_by",
        "decided_at", "reason", "version",
    )  # fmt: skip
    return {
        **{name: getattr(transfer, name) for name in names},
        "order": order,
        "link_id": order.link_id,
        "signature": order.signature,
        "fees": quote.fees,
        "amount": quote.amount,
        "conversion": quote.conversion,
    }


async def read(uow: SqlUnitOfWork[SqlPaymentsTransaction], transfer: Transfer) -> Transfer:
    async with uow.begin(ACTOR) as tx:
        found = await tx.transfers.find(transfer.id)
        locked = await tx.transfers.lock(transfer.id)
        keyed = await tx.transfers.find_by_keys([(transfer.order.initiator_id, transfer.order.key)])
    assert isinstance(found, Transfer)
    assert fields_of(found) == fields_of(locked) == fields_of(next(iter(keyed.values())))
    assert found.postings == ()
    return found


async def added(uow: SqlUnitOfWork[SqlPaymentsTransaction], transfer: Transfer, accounts: dict[Any, Account]) -> None:
    async with uow.begin(ACTOR) as tx:
        await tx.accounts.lock(list(accounts))
        await tx.transfers.add([transfer])
        await tx.accounts.save(list(accounts.values()))
        tx.record(FACT)


async def changed(uow: SqlUnitOfWork[SqlPaymentsTransaction], transfer: Transfer, act: str, *args: Any, **named: Any) -> Transfer:
    """Change a stored transfer, and read it back."""
    async with uow.begin(ACTOR) as tx:
        ids = [transfer.order.source_id, transfer.order.target_id, *(one.id for one in FEE_ACCOUNTS)]
        accounts = await tx.accounts.lock(ids)
        locked = await tx.transfers.lock(transfer.id)
        getattr(locked, act)(accounts, *args, **named)
        await tx.transfers.save(locked)
        await tx.accounts.save(list(accounts.values()))
        tx.record(FACT)
    assert fields_of(await read(uow, transfer)) == fields_of(locked)
    return locked


async def held(
    uow: SqlUnitOfWork[SqlPaymentsTransaction], *, awaiting: bool = False, **more: Any
) -> tuple[Transfer, Account, Account]:
    source, target = wallet("1000.00"), wallet()
    await given(uow, source, target, *FEE_ACCOUNTS)
    async with uow.begin(ACTOR) as tx:
        accounts = await tx.accounts.lock([source.id, target.id, *(one.id for one in FEE_ACCOUNTS)])
    order = order_of(source, target, **more)
    transfer = Transfer.hold(order, priced(order), accounts, AT, expires_at=LATER, awaiting_approval=awaiting)
    await added(uow, transfer, dict(accounts))
    return transfer, source, target


async def test_a_settled_transfer_is_read_back_with_fees_and_metadata_and_signature(
    uow: SqlUnitOfWork[SqlPaymentsTransaction],
) -> None:
    source, target = wallet("1000.00"), wallet()
    await given(uow, source, target, *FEE_ACCOUNTS)
    async with uow.begin(ACTOR) as tx:
        accounts = await tx.accounts.lock([source.id, target.id, *(one.id for one in FEE_ACCOUNTS)])
    order = order_of(source, target)
    transfer = Transfer.settle(order, priced(order), accounts, AT)
    await added(uow, transfer, dict(accounts))
    assert fields_of(await read(uow, transfer)) == fields_of(transfer)
    async with uow.begin(ACTOR) as tx:
        assert tuple(await tx.transfers.postings_of(transfer.id)) == transfer.postings
        stored = await tx.accounts.lock([source.id])
    assert len(transfer.postings) == 6
    assert stored[source.id].balance == Decimal("897.12")


async def test_a_conversion_is_read_back_unchanged(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    source, target = wallet("1000.00"), wallet(currency="USD")
    exchange = system(SystemCode.FX, "NAD"), system(SystemCode.FX, "USD"), system(SystemCode.FX_SPREAD, "USD")
    await given(uow, source, target, *exchange)
    async with uow.begin(ACTOR) as tx:
        accounts = await tx.accounts.lock([source.id, target.id, *(one.id for one in exchange)])
    order = order_of(source, target, kind=TransferKind.CONVERSION, target_currency="USD")
    conversion = Conversion(
        rate_id=new_id(),
        rate=Decimal("0.05432109876543"),
        source=order.amount,
        target=Money.of("5.43", "USD"),
        spread=Money.of("0.01", "USD"),
    )
    transfer = Transfer.settle(order, Quote(order.amount, (), conversion), accounts, AT)
    await added(uow, transfer, dict(accounts))
    found = await read(uow, transfer)
    assert fields_of(found) == fields_of(transfer)
    assert found.confirm_replay(order).id == transfer.id


async def test_a_hold_is_captured_in_part_with_its_fees(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    transfer, source, target = await held(uow, capture_later=True)
    assert fields_of(await read(uow, transfer)) == fields_of(transfer)
    captured = await changed(uow, transfer, "capture", Money.of("40.00", "NAD"), AT + timedelta(hours=1))
    assert (captured.captured, captured.quote.fee_total.text) == (Decimal(40), "1.15")
    async with uow.begin(ACTOR) as tx:
        stored = await tx.accounts.lock([source.id, target.id])
        postings = await tx.transfers.postings_of(transfer.id)
    assert (stored[source.id].balance, stored[source.id].held) == (Decimal("958.85"), Decimal(0))
    assert (stored[target.id].balance, len(postings)) == (Decimal(40), 6)


async def test_a_decision_is_read_back_with_its_decider_and_time(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    transfer, *_ = await held(uow, awaiting=True)
    approved = await changed(uow, transfer, "approve", by=BY, at=AT, expires_at=LATER)
    assert (approved.status, approved.decided_by, approved.decided_at) == ("completed", BY, AT)
    other, *_ = await held(uow, awaiting=True)
    rejected = await changed(uow, other, "reject", by=BY, reason="unknown payee", at=AT)
    assert (rejected.status, rejected.reason, rejected.closed_at) == ("failed", "unknown payee", AT)


async def test_an_approved_hold_continues_to_wait(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    transfer, *_ = await held(uow, awaiting=True, capture_later=True)
    later = LATER + timedelta(days=1)
    approved = await changed(uow, transfer, "approve", by=BY, at=AT, expires_at=later)
    assert (approved.status, approved.expires_at) == ("pending", later)


async def test_expired_holds_are_found_with_the_longest_expired_first_and_end_once(
    uow: SqlUnitOfWork[SqlPaymentsTransaction],
) -> None:
    first, *_ = await held(uow, awaiting=True)
    second, *_ = await held(uow, capture_later=True)
    async with uow.begin(ACTOR) as tx:
        assert list(await tx.transfers.overdue(LATER - timedelta(microseconds=1), limit=10)) == []
        assert set(await tx.transfers.overdue(LATER, limit=10)) == {first.id, second.id}
        assert len(await tx.transfers.overdue(LATER, limit=1)) == 1
    await changed(uow, first, "expire", at=LATER)
    await changed(uow, second, "void", reason="withdrawn", at=LATER)
    async with uow.begin(ACTOR) as tx:
        assert list(await tx.transfers.overdue(LATER, limit=10)) == []


async def test_refunds_and_reversals_are_read_back_with_their_original(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    transfer, *_ = await held(uow, capture_later=True)
    await changed(uow, transfer, "capture", None, AT)
    async with uow.begin(ACTOR) as tx:
        ids = [transfer.order.source_id, transfer.order.target_id, *(one.id for one in FEE_ACCOUNTS)]
        accounts = await tx.accounts.lock(ids)
        original = await tx.transfers.lock(transfer.id)
        back = replace(
            transfer.order,
            kind=TransferKind.REFUND,
            key="back",
            source_id=transfer.order.target_id,
            target_id=transfer.order.source_id,
            amount=Money.of("10.00", "NAD"),
            capture_later=False,
            parent_id=transfer.id,
        )
        refund = original.refund(back, accounts, AT)
        await tx.transfers.add([refund])
        await tx.transfers.save(original)
        await tx.accounts.save(list(accounts.values()))
        tx.record(FACT)
    assert (await read(uow, transfer)).refunded == Decimal(10)
    assert fields_of(await read(uow, refund)) == fields_of(refund)


async def test_a_transfer_is_found_by_its_initiators_key_and_answers_a_replay(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    source, target = wallet("10.00"), wallet()
    await given(uow, source, target)
    transfer = await settle(uow, source, target, "4.00")
    async with uow.begin(ACTOR) as tx:
        found = await tx.transfers.find_by_keys([(transfer.order.initiator_id, "k")])
    key = (transfer.order.initiator_id, "k")
    assert set(found) == {key}
    assert found[key].confirm_replay(transfer.order).id == transfer.id
    assert found[key].settled_at == AT


async def test_a_key_of_another_initiator_finds_nothing(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    source, target = wallet("10.00"), wallet()
    await given(uow, source, target)
    order = (await settle(uow, source, target, "4.00")).order
    async with uow.begin(ACTOR) as tx:
        assert await tx.transfers.find_by_keys([(new_id(), order.key)]) == {}


async def test_a_failed_transaction_stores_nothing(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    account = wallet("1.00")

    async def fail() -> None:
        async with uow.begin(ACTOR) as tx:
            await tx.wallets.add(account)
            tx.record(FACT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with uow.begin(ACTOR) as tx:
        assert await tx.accounts.lock([account.id]) == {}
