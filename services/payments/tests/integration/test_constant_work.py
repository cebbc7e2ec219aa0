"""The rows that a batch reads do not grow with the ledger, even while PostgreSQL still plans for a small one."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
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
from payments.interfaces.publications import PUBLICATIONS

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
ACTOR = Actor.service("test")
FACT = AuditFact(action="test", resource_type="wallet", resource_id="-", occurred_at=AT)
# Rows read in this session. Compare differences only: the counters are flushed to the statistics now and then.
READ = text(
    "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows FROM pg_stat_xact_user_tables"
    " WHERE relname IN ('accounts', 'transfers', 'spending', 'postings')"
)


@pytest.fixture
def uow(database: Database) -> SqlUnitOfWork[SqlPaymentsTransaction]:
    return SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service="payments")


async def rows_read(tx: SqlPaymentsTransaction) -> Counter[str]:
    return Counter({row.relname: row.rows for row in await tx.session.execute(READ)})


def order(source: Account, target: Account, key: str) -> TransferOrder:
    return TransferOrder(
        kind=TransferKind.TRANSFER,
        key=key,
        initiator_id=source.owner_id or new_id(),
        source_id=source.id,
        target_id=target.id,
        amount=Money.of("0.01", "NAD"),
        description="",
    )


async def test_a_batch_reads_as_many_rows_of_a_large_ledger_as_of_a_small_one(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    payer, payee = (Account(new_id(), AccountKind.WALLET, new_id(), "NAD", Decimal(1000), 0, AT) for _ in range(2))
    async with uow.begin(ACTOR) as tx:
        for account in (payer, payee):
            await tx.wallets.add(account)
        tx.record(FACT)

    read: list[Counter[str]] = []
    for number in range(12):
        orders = [order(payer, payee, f"{number}-{line}") for line in range(100)]
        keys = {(one.initiator_id, one.key) for one in orders}
        async with uow.begin(ACTOR) as tx:
            before = await rows_read(tx)
            locked = await tx.ledger.lock({payer.id, payee.id}, keys, {payer.id})
            read.append(await rows_read(tx) - before)
            made = [Transfer.settle(one, Quote(one.amount), locked.accounts, AT) for one in orders]
            tx.ledger.post(made, list(locked.accounts.values()), [])
            tx.record(FACT)

    assert read[-1] == read[1] == Counter(accounts=read[1]["accounts"])
    assert read[1]["accounts"] < 10


async def test_the_rows_that_a_reversal_reads_do_not_grow_with_the_ledger(uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
    payer, payee = (Account(new_id(), AccountKind.WALLET, new_id(), "NAD", Decimal(1000), 0, AT) for _ in range(2))
    made: list[Transfer] = []
    async with uow.begin(ACTOR) as tx:
        for account in (payer, payee):
            await tx.wallets.add(account)
        orders = [order(payer, payee, str(number)) for number in range(2000)]
        accounts = {account.id: account for account in (payer, payee)}
        made = [Transfer.settle(one, Quote(one.amount), accounts, AT) for one in orders]
        await tx.transfers.add(made)
        await tx.accounts.save([payer, payee])
        tx.record(FACT)
    async with uow.begin(ACTOR) as tx:
        before = await rows_read(tx)
        assert len(await tx.transfers.postings_of(made[1000].id)) == 2
        assert (await rows_read(tx) - before)["postings"] == 2
        tx.record(FACT)
