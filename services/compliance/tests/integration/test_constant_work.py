"""What appending reads does not grow with the log, also while PostgreSQL still plans for a small one."""

from collections import Counter

from sqlalchemy import text

from chassis.persistence.unit_of_work import SqlUnitOfWork
from compliance.application.audit.append_facts import AppendFacts
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from kernel.actor import Actor
from services.compliance.tests.entries import entries

# What this session has read; only differences mean something, for it is told to the statistics now and then.
READ = text("SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows FROM pg_stat_xact_user_tables")


async def rows_read(tx: SqlComplianceTransaction) -> Counter[str]:
    return Counter({row.relname: row.rows for row in await tx.session.execute(READ)})


async def test_a_batch_reads_as_much_of_a_large_log_as_of_a_small_one(uow: SqlUnitOfWork[SqlComplianceTransaction]) -> None:
    append, read = AppendFacts(uow), []
    for _ in range(12):
        batch = entries(100)
        async with uow.begin(Actor.service("compliance"), audited=False) as tx:
            before = await rows_read(tx)
            await tx.log.lock_frontier()
            await tx.log.known([entry.fact_id for entry in batch])
            read.append(await rows_read(tx) - before)
        await append(entries=batch)

    assert read[-1]["audit_entries"] == read[1]["audit_entries"] == 0
