"""Concurrent appends, and the state after a lost connection."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import text

from chassis.errors import as_domain_error
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.domain.entry import AuditEntry
from compliance.infrastructure.sql.audit import SqlLogRepository
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import check_log, unit_of_work
from kernel.errors import Kind
from services.compliance.tests.entries import entries
from services.compliance.tests.fakes.log_signer import Signer

Uow = SqlUnitOfWork[SqlComplianceTransaction]


def cut(facts: Sequence[AuditEntry], size: int) -> Iterator[Sequence[AuditEntry]]:
    return (facts[at : at + size] for at in range(0, len(facts), size))


async def sequences(database: Database) -> list[int]:
    async with database.read() as connection:
        return list((await connection.execute(text("SELECT sequence FROM audit_entries ORDER BY sequence"))).scalars())


async def test_two_processes_append_without_gaps(urls: DatabaseUrls) -> None:
    """Each fact is delivered to both processes, as after a partition of the broker."""
    facts = entries(600)
    processes = [Database.connect(urls.app, pool_size=2) for _ in range(2)]
    signer = Signer()

    async def run(database: Database, order: Sequence[AuditEntry]) -> int:
        append = AppendFacts(unit_of_work(database=database))
        sign = SignCheckpoint(unit_of_work(database=database), signer, ControlledClock())
        appended = 0
        for batch in cut(order, 37):
            appended += await append(entries=batch)
            await sign()
        return appended

    try:
        counts = await asyncio.gather(run(processes[0], facts), run(processes[1], facts[::-1]))
        finding = await check_log(database=processes[0])()

        assert sum(counts) == 600
        assert await sequences(processes[0]) == list(range(600))
        assert [problem for problem in finding.problems if "key" not in problem] == []
    finally:
        await asyncio.gather(*(database.close() for database in processes))


async def test_concurrent_signers_sign_each_size_once(urls: DatabaseUrls, database: Database, uow: Uow) -> None:
    others = [Database.connect(urls.app, pool_size=1) for _ in range(3)]
    signer = Signer()
    signers = [SignCheckpoint(unit_of_work(database=each), signer, ControlledClock()) for each in others]
    append = AppendFacts(uow)
    try:
        for _ in range(10):
            await append(entries=entries(3))
            signed = await asyncio.gather(*(sign() for sign in signers))
            assert len([each for each in signed if each]) == 1
    finally:
        await asyncio.gather(*(each.close() for each in others))
    async with database.read() as connection:
        sizes = list((await connection.execute(text("SELECT size FROM checkpoints ORDER BY size"))).scalars())
        announced = await connection.scalar(text("SELECT count(*) FROM outbox WHERE type = 'compliance.checkpoint.signed'"))
    assert sizes == list(range(3, 33, 3))
    assert announced == 10
    assert all(later > earlier for earlier, later in pairwise(sizes))


@pytest.mark.parametrize("copied", range(4))
async def test_a_connection_lost_after_any_copy_writes_nothing(
    uow: Uow, database: Database, urls: DatabaseUrls, databases: Databases, monkeypatch: pytest.MonkeyPatch, copied: int
) -> None:
    """The server ends the connection after this number of COPYs; 3 is after all of them, before the commit."""
    append, genuine, done = AppendFacts(uow), SqlLogRepository._copy, 0

    async def copy(self: SqlLogRepository, *arguments: object) -> None:
        nonlocal done
        if done == copied:
            await _kill(databases, urls)
        done += 1
        await genuine(self, *arguments)  # type: ignore[arg-type]  # passed on as they came

    async def save_head_is_next(*arguments: object) -> None:
        await copy(*arguments)  # type: ignore[arg-type]  # as above
        if done == 3 == copied:
            await _kill(databases, urls)

    monkeypatch.setattr(SqlLogRepository, "_copy", save_head_is_next)
    facts = entries(300)
    with pytest.raises(Exception) as death:  # noqa: PT011  # by the driver's or SQLAlchemy's name; its kind is what counts
        await append(entries=facts)
    monkeypatch.undo()

    assert as_domain_error(death.value).kind is Kind.UNAVAILABLE
    for table in ("audit_entries", "audit_related", "audit_nodes"):
        async with database.read() as connection:
            assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    assert await append(entries=facts) == 300
    assert await sequences(database) == list(range(300))
    assert (await check_log(database=database)()).problems == []


async def _kill(databases: Databases, urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(databases.superuser_url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            (urls.name,),
        )
