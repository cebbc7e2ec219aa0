"""A transaction of payments publishes the events of every aggregate that its repositories wrote, announced by name or not."""

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.ids import new_id
from payments.application.wallets import audit
from payments.domain.account import Account
from payments.domain.events import WalletFrozen, WalletOpened, WalletRenamed
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.integration.stored_accounts import ACTOR, AT, FACT, given, settle, wallet
from services.payments.tests.units_of_work import NotedUnitOfWork


@pytest.fixture
def noted(database: Database) -> NotedUnitOfWork:
    return NotedUnitOfWork(database)


async def test_events_that_a_use_case_does_not_announce_are_published(noted: NotedUnitOfWork) -> None:
    opened = Account.open_wallet(wallet_id=new_id(), owner_id=new_id(), currency="NAD", at=AT)
    async with noted.begin(ACTOR) as tx:
        await tx.wallets.add(opened)
        tx.record(FACT)
    async with noted.begin(ACTOR) as tx:
        found = await tx.wallets.lock(opened.id)
        found.freeze("suspicion", at=AT)
        await tx.wallets.save(found)
        tx.record(FACT)
    assert [type(event) for event in noted.events] == [WalletOpened, WalletFrozen]


async def test_announced_events_are_published_once_and_before_the_others(
    noted: NotedUnitOfWork, uow: SqlUnitOfWork[SqlPaymentsTransaction]
) -> None:
    forgotten, changed = wallet(), wallet()
    await given(uow, forgotten, changed)
    async with noted.begin(ACTOR) as tx:
        forgotten.freeze("suspicion", at=AT)
        await tx.wallets.save(forgotten)
        with tx.change(audit.WALLET, changed, "rename", at=AT):
            changed.rename("savings", at=AT)
            await tx.wallets.save(changed)
    assert [(type(event), event.wallet_id) for event in noted.events if isinstance(event, WalletRenamed | WalletFrozen)] == [
        (WalletRenamed, changed.id),
        (WalletFrozen, forgotten.id),
    ]


async def test_the_settlement_of_an_added_transfer_is_published(
    uow: SqlUnitOfWork[SqlPaymentsTransaction], database: Database
) -> None:
    source, target = wallet("10.00"), wallet()
    await given(uow, source, target)
    transfer = await settle(uow, source, target, "4.00")
    async with database.read() as connection:
        found = await connection.scalars(text("SELECT type FROM outbox WHERE aggregate_id = :id"), {"id": str(transfer.id)})
        assert list(found) == ["payments.transfer.settled"]
