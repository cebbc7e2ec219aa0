"""What use cases rely on of accounts and transfers in PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, AccountKind
from payments.domain.price_book import Quote
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
ACTOR = Actor.service("test")


def wallet(balance: str = "0.00") -> Account:
    return Account(new_id(), AccountKind.WALLET, new_id(), "NAD", Decimal(balance), 0, AT)


def fact() -> AuditFact:
    return AuditFact(action="test", resource_type="wallet", resource_id="-", occurred_at=AT)


async def given(uow: SqlUnitOfWork[SqlPaymentsTransaction], *accounts: Account) -> None:
    async with uow.begin(ACTOR) as tx:
        for account in accounts:
            await tx.wallets.add(account)
        tx.record(fact())


async def settle(
    uow: SqlUnitOfWork[SqlPaymentsTransaction], source: Account, target: Account, amount: str, key: str = "k"
) -> Transfer:
    async with uow.begin(ACTOR) as tx:
        locked = await tx.accounts.lock([source.id, target.id])
        order = TransferOrder(
            kind=TransferKind.TRANSFER,
            key=key,
            initiator_id=source.owner_id or new_id(),
            source_id=source.id,
            target_id=target.id,
            amount=Money.of(amount, "NAD"),
            description="rent",
        )
        transfer = Transfer.settle(order, Quote(order.amount), locked, AT)
        await tx.transfers.add([transfer])
        await tx.accounts.save(list(locked.values()))
        tx.record(fact())
    return transfer


async def test_accounts_read_back_whole(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    account = wallet("12.34")
    await given(uow, account)
    async with uow.begin(ACTOR) as tx:
        read = (await tx.accounts.lock([account.id]))[account.id]
    assert (read.id, read.kind, read.owner_id, read.currency, read.version, read.opened_at) == (
        account.id,
        account.kind,
        account.owner_id,
        account.currency,
        account.version,
        account.opened_at,
    )
    assert read.balance == account.balance


async def test_absent_accounts_are_left_out(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    account = wallet()
    await given(uow, account)
    async with uow.begin(ACTOR) as tx:
        assert set(await tx.accounts.lock([account.id, new_id()])) == {account.id}


async def test_balances_and_versions_are_saved(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    source, target = wallet("10.00"), wallet()
    await given(uow, source, target)
    await settle(uow, source, target, "4.00")
    async with uow.begin(ACTOR) as tx:
        locked = await tx.accounts.lock([source.id, target.id])
    assert (locked[source.id].balance, locked[source.id].version) == (Decimal(6), 1)
    assert (locked[target.id].balance, locked[target.id].version) == (Decimal(4), 1)


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


async def test_a_key_of_somebody_else_finds_nothing(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    source, target = wallet("10.00"), wallet()
    await given(uow, source, target)
    order = (await settle(uow, source, target, "4.00")).order
    async with uow.begin(ACTOR) as tx:
        assert await tx.transfers.find_by_keys([(new_id(), order.key)]) == {}


async def test_nothing_stays_of_a_failed_transaction(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    account = wallet("1.00")

    async def fail() -> None:
        async with uow.begin(ACTOR) as tx:
            await tx.wallets.add(account)
            tx.record(fact())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with uow.begin(ACTOR) as tx:
        assert await tx.accounts.lock([account.id]) == {}
