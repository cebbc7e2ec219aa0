"""Signing checkpoints during appends, and interrupted appends."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import endpoint, eventually, running, through
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.domain.merkle import Frontier
from compliance.infrastructure.sql import audit as log_tables
from compliance.infrastructure.sql.audit import SqlAuditViews
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.interfaces import checkpoints
from compliance.interfaces.checkpoints import CheckpointSigning
from compliance.wiring import check_log, unit_of_work
from elcorp.compliance.v1.events_pb2 import CheckpointSigned
from kernel.clock import SystemClock
from services.compliance.tests.entries import entries
from services.compliance.tests.fakes.log_signer import Signer
from services.compliance.tests.stored import published

Uow = SqlUnitOfWork[SqlComplianceTransaction]


async def test_a_cancelled_batch_writes_nothing(database: Database, uow: Uow, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, hang = asyncio.Event(), asyncio.Event()
    copy = log_tables.SqlLogRepository._copy

    async def stuck(self: log_tables.SqlLogRepository, *arguments: Any) -> None:
        await copy(self, *arguments)
        reached.set()
        await hang.wait()

    with monkeypatch.context() as patch:
        patch.setattr(log_tables.SqlLogRepository, "_copy", stuck)
        appending = asyncio.create_task(AppendFacts(uow)(entries=entries(50)))
        await reached.wait()
        appending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await appending

    assert await AppendFacts(uow)(entries=entries(5)) == 5
    finding = await check_log(database=database)()
    assert (finding.size, finding.problems) == (5, [])


async def test_a_stored_checkpoint_is_announced_once(database: Database, uow: Uow) -> None:
    signer = Signer()
    sign = SignCheckpoint(uow, signer, SystemClock())
    await AppendFacts(uow)(entries=entries(3))

    signed = [await sign() for _ in range(2)]

    kept = await SqlAuditViews(database).latest_checkpoint()
    assert kept
    assert [each and each.size for each in signed] == [3, None]
    event = CheckpointSigned(origin=signer.key.name, tree_size=3, root_hash=kept.root_hash, note=kept.note)
    assert await published(database) == [(signer.key.name, event)]


async def test_a_checkpoint_follows_growth_and_finally_covers_all_entries(database: Database, uow: Uow) -> None:
    signing = CheckpointSigning(SignCheckpoint(uow, Signer(), SystemClock()), pause_seconds=0.05)
    append, queries = AppendFacts(uow), SqlAuditViews(database)

    async def covered() -> int:
        checkpoint = await queries.latest_checkpoint()
        return checkpoint.size if checkpoint else 0

    async with running(signing.run):
        for size in (3, 6, 9):
            await append(entries=entries(3))
            signing.log_grew()
            await eventually(covered, size)


async def test_several_processes_announce_checkpoints_in_the_order_of_their_sizes(
    database: Database, uow: Uow, urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A smaller checkpoint after a larger one would mean that the log was set back."""
    has_read, go_on = asyncio.Event(), asyncio.Event()
    read = log_tables.SqlLogRepository.unsigned_frontier

    async def slow(self: log_tables.SqlLogRepository) -> Frontier | None:
        frontier = await read(self)
        has_read.set()
        await go_on.wait()
        return frontier

    async def is_waiting() -> bool:
        async with await psycopg.AsyncConnection.connect(urls.app) as connection:
            rows = await connection.execute(
                "SELECT FROM pg_locks JOIN pg_database AS d ON d.oid = database"
                " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
            )
            return rows.rowcount == 1

    first, second = (SignCheckpoint(uow, Signer(), SystemClock()) for _ in range(2))
    await AppendFacts(uow)(entries=entries(3))
    with monkeypatch.context() as patch:
        patch.setattr(log_tables.SqlLogRepository, "unsigned_frontier", slow)
        delayed = asyncio.create_task(first())
        await has_read.wait()
    await AppendFacts(uow)(entries=entries(2))
    other = asyncio.create_task(second())
    await eventually(is_waiting)
    go_on.set()
    await asyncio.gather(delayed, other)

    announced = [message for _, message in await published(database)]
    assert [message.tree_size for message in announced if isinstance(message, CheckpointSigned)] == [3, 5]


async def test_a_defect_in_signing_stops_the_worker(uow: Uow) -> None:
    def broken(message: bytes) -> bytes:
        raise ArithmeticError(len(message))

    signer = Signer()
    signer.sign = broken
    signing = CheckpointSigning(SignCheckpoint(uow, signer, SystemClock()), pause_seconds=0.05)
    await AppendFacts(uow)(entries=entries(3))

    with pytest.raises(ArithmeticError):
        await asyncio.wait_for(signing.run(asyncio.Event()), 60)


async def test_entries_that_another_process_left_unsigned_are_signed(
    database: Database, uow: Uow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "IDLE_SECONDS_MAX", 0.05)
    signing = CheckpointSigning(SignCheckpoint(uow, Signer(), SystemClock()), pause_seconds=0.05)
    append, queries = AppendFacts(uow), SqlAuditViews(database)

    async def covered() -> int:
        checkpoint = await queries.latest_checkpoint()
        return checkpoint.size if checkpoint else 0

    async with running(signing.run):
        for size in (3, 6):
            await append(entries=entries(3))
            await eventually(covered, size)


async def test_signing_is_retried_while_the_database_is_unavailable(
    urls: DatabaseUrls, fault_proxy: Callable[[str, int], Any], database: Database, uow: Uow, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No idle round happens within this test, so a new attempt is a retry of the failure, even on a slow machine.
    monkeypatch.setattr(checkpoints, "IDLE_SECONDS_MAX", 3600)
    proxy = await fault_proxy(*endpoint(urls.app))
    behind = Database.connect(through(urls.app, proxy.port), pool_size=1)
    signing = CheckpointSigning(SignCheckpoint(unit_of_work(database=behind), Signer(), SystemClock()), pause_seconds=0.05)
    queries = SqlAuditViews(database)

    async def is_covered() -> bool:
        return await queries.latest_checkpoint() is not None

    async with running(signing.run):
        proxy.refuse()
        await AppendFacts(uow)(entries=entries(3))
        with capture_logs() as lines:
            signing.log_grew()
            await eventually(lambda: "checkpoint_not_signed" in [line["event"] for line in lines])
        assert not await is_covered()
        await proxy.heal()
        await eventually(is_covered)
    await behind.close()
