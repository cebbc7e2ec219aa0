"""Appending reads the same number of rows at any size, even while PostgreSQL still plans for a small log."""

from collections import Counter

from sqlalchemy import text

from chassis.persistence.unit_of_work import SqlUnitOfWork
from compliance.application.audit.append_facts import AppendFacts
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from kernel.actor import Actor
from services.compliance.tests.entries import entries

# Rows that this session has read. Only differences count, because sessions report their statistics irregularly.
READ = text("SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows FROM pg_stat_xact_user_tables")


async def rows_read(tx: SqlComplianceTransaction) -> Counter[str]:
    return Counter({row.relname: row.rows for row in await tx.session.execute(READ)})


async def test_appending_reads_the_same_number_of_rows_at_any_size(uow: SqlUnitOfWork[SqlComplianceTransaction]) -> None:
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
