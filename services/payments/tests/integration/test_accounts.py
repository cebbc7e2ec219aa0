"""Accounts in PostgreSQL are read back as they were written."""

from decimal import Decimal

from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.ids import new_id
from payments.domain.account import AccountStatus
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.integration.stored_accounts import ACTOR, AT, FACT, given, settle, wallet


async def test_accounts_are_read_back_unchanged(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
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


async def test_the_status_of_an_account_is_saved_separately_from_its_balance(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    account = wallet()
    await given(uow, account)
    async with uow.begin(ACTOR) as tx:
        [locked] = (await tx.accounts.lock([account.id])).values()
        locked.rename("savings", at=AT)
        locked.set_ceiling(Decimal(500), at=AT)
        locked.freeze("suspicion", at=AT)
        await tx.accounts.save_state(locked)
        tx.record(FACT)
    async with uow.begin(ACTOR) as tx:
        [found] = (await tx.accounts.lock([account.id])).values()
        assert (found.name, found.ceiling, found.version) == ("savings", Decimal(500), 3)
        assert (found.status, found.status_reason) == (AccountStatus.FROZEN, "suspicion")
        found.unfreeze("cleared", at=AT)
        found.close(expecting=0, at=AT)
        await tx.accounts.save_state(found)
        tx.record(FACT)
    async with uow.begin(ACTOR) as tx:
        [closed] = (await tx.accounts.lock([account.id])).values()
    assert (closed.status, closed.closed_at, closed.status_reason) == (AccountStatus.CLOSED, AT, None)
