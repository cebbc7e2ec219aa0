"""Bulk transfers on PostgreSQL with interruptions of every kind: each line is settled once and the ledger adds up."""

import asyncio
import gc
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import DatabaseUrls
from chassis.testing.objects import HeldUpload, folder_store
from kernel.actor import Actor, ActorKind
from kernel.clock import SystemClock
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Money
from kernel.objects import NoScanner
from payments.application.bulk_transfers.acceptance import BulkAcceptance
from payments.application.bulk_transfers.cancel_bulk import CancelBulk
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.bulk_transfers.keep_file import KeepFile
from payments.application.bulk_transfers.read_submission import ReadSubmission
from payments.application.bulk_transfers.submit_bulk import SubmitBulk
from payments.application.issuances.issue_money import IssueMoney
from payments.application.payers.stop_payer import StopPayer
from payments.application.ports.bulk_transfers import FileDefaults
from payments.application.ports.transfers import Terms
from payments.application.transfers.transfer_tokens import TransferTokens
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.bulk_file import RawFile, RawLine
from payments.domain.errors import PayerSuspended
from payments.domain.payer_policy import PayerPolicy
from payments.domain.standing import Standing
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.infrastructure.group_commit import GroupCommit
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.bulk_transfers import object_claims
from payments.infrastructure.sql.ledger_verifications import LedgerVerification
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.payment_permissions import FakePaymentPermissions
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.integration.bulk_worker import runner
from services.payments.tests.posting import posting

WORKER = Path(__file__).with_name("bulk_worker.py")
ROOT = Path(__file__).parents[4]
LINES = 200


@dataclass
class BulkRuns:
    database: Database
    uow: SqlUnitOfWork[SqlPaymentsTransaction]
    payer: UUID = field(default_factory=new_id)
    source: UUID = field(default_factory=new_id)
    payees: list[UUID] = field(default_factory=lambda: [new_id() for _ in range(20)])

    @property
    def actor(self) -> Actor:
        return Actor(kind=ActorKind.USER, subject_id=str(self.payer), roles=frozenset({"user"}))

    async def open(self) -> "BulkRuns":
        open_wallet = OpenIssuedWallet(self.uow, SystemClock())
        for wallet, owner in ((self.source, self.payer), *((payee, new_id()) for payee in self.payees)):
            await open_wallet(actor=Actor.service("test"), wallet_id=wallet, owner_id=owner, currency="NAD")
        issue = IssueMoney(GroupCommit(posting(self.uow, FakeScreening(), SystemClock())))
        money = Money.of("100000", "NAD")
        await issue(actor=self.actor, key="issue", wallet_id=self.source, amount=money, reason="test")
        return self

    async def submit(self, mode: str = "best_effort", *, amounts: Sequence[str] = ("1.00",) * LINES) -> UUID:
        lines = [
            RawLine(place=f"lines.{n}", target=str(self.payees[n % len(self.payees)]), amount=amount)
            for n, amount in enumerate(amounts)
        ]

        def read(_body: bytes, _given: FileDefaults) -> RawFile:
            return RawFile(source=str(self.source), currency="NAD", mode=mode, lines=lines)

        submit = SubmitBulk(
            acceptance=BulkAcceptance(
                uow=self.uow,
                judge_bulk=JudgeBulk(
                    SqlAccountLookup(self.database), FakePrices(), FakePaymentPermissions(), PayerPolicy(), Terms()
                ),
                signatures=FakeSignatures(),
                clock=SystemClock(),
            ),
            keep_file=KeepFile(
                uow=self.uow,
                scanner=NoScanner(),
                claims=object_claims(self.database),
                objects=folder_store(),
                clock=SystemClock(),
            ),
        )
        submission = await ReadSubmission({"test": read}, SystemClock())(key=str(new_id()), upload=HeldUpload(media_type="test"))
        accepted = await submit(actor=self.actor, submission=submission)
        return accepted.bulk.id

    async def rows(self, query: str, **parameters: object) -> Sequence[Any]:
        async with self.database.read() as connection:
            return (await connection.execute(text(query), parameters)).all()

    async def require_whole(self, bulk_id: UUID, *, lines: int = LINES) -> None:
        """Require that every line was settled and reported once, and that the ledger adds up."""
        [bulk] = await self.rows("SELECT status, settled FROM bulks WHERE id = :id", id=bulk_id)
        assert (bulk.status, bulk.settled) == ("completed", lines)
        [made] = await self.rows(
            "SELECT count(*), count(DISTINCT idempotency_key) FROM transfers WHERE link_id = :id", id=bulk_id
        )
        assert tuple(made) == (lines, lines)
        [rows_found] = await self.rows(
            "SELECT count(*) FROM bulk_chunks, jsonb_array_elements(outcomes) outcome JOIN transfers t"
            " ON t.id = (outcome ->> 2)::uuid WHERE bulk_id = :id AND outcome ->> 1 = 'settled'",
            id=bulk_id,
        )
        assert rows_found[0] == lines
        ended = await self.rows(
            "SELECT count(*) FROM outbox WHERE type = 'payments.bulk.completed' AND aggregate_id = :id", id=str(bulk_id)
        )
        assert ended[0][0] == 1
        await self.require_sound()

    async def require_sound(self) -> None:
        async for finding in LedgerVerification(self.database).findings():
            assert not finding.broken, finding


class Gate:
    """Rules that are refreshed before the first chunk and after each, and pause the run after a given number."""

    def __init__(self, *, after_chunks: int) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self._left = after_chunks

    async def refresh(self) -> None:
        if self._left == 0:
            self.reached.set()
            await self.open.wait()
        self._left -= 1


@pytest.fixture
async def bulk_runs(database: Database, uow: SqlUnitOfWork[SqlPaymentsTransaction], monkeypatch: pytest.MonkeyPatch) -> BulkRuns:
    monkeypatch.setattr("payments.application.bulk_transfers.submit_bulk.CHUNK_LINES", 20)
    return await BulkRuns(database, uow).open()


# Before the first posting, before and after each posting, and before its outcome is stored; for this chunk and the next.
BY_CHUNKS = ["in 1", "after 1", "in 2", "after 2", "in 3", "after 3", "in 4", "after 4", "in 5", "after 6"]
AS_A_WHOLE = ["in 1", "after 1", "in 2", "after 2", "after 2", "in 3"]


@pytest.mark.parametrize(("mode", "points"), [("best_effort", BY_CHUNKS), ("all_or_nothing", AS_A_WHOLE)])
async def test_killed_repeatedly_a_run_loses_no_line_and_doubles_none(
    bulk_runs: BulkRuns, database_urls: DatabaseUrls, mode: str, points: list[str]
) -> None:
    """kill -9: PostgreSQL has committed or it has not, so before and after each commit covers every moment."""
    bulk_id = await bulk_runs.submit(mode)
    workers = await asyncio.create_subprocess_exec(
        sys.executable,
        str(WORKER),
        database_urls.app,
        str(bulk_id),
        *points,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    assert await workers.wait() == 0
    await runner(bulk_runs.database)(bulk_id=bulk_id)
    await bulk_runs.require_whole(bulk_id)


# Nobody can close a connection that is cut while it is opened. A leak from the pool is reported as SAWarning, and fails.
@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
async def test_a_run_continues_after_its_connections_are_cut(
    bulk_runs: BulkRuns, database_urls: DatabaseUrls, databases: Any
) -> None:
    bulk_id = await bulk_runs.submit()
    run = runner(bulk_runs.database)
    stop, chance = asyncio.Event(), random.Random(5)

    async def cut() -> None:
        async with await psycopg.AsyncConnection.connect(databases.superuser_url, autocommit=True) as connection:
            while not stop.is_set():
                # At any moment of a transaction; no condition visible from outside would show it.
                await asyncio.sleep(chance.uniform(0.02, 0.1))
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                    (database_urls.name,),
                )

    cutting = asyncio.create_task(cut())
    for attempt in range(100):
        if attempt == 15:
            stop.set()
            await cutting
        try:
            await run(bulk_id=bulk_id)
            break
        except (DBAPIError, psycopg.Error):
            continue
    stop.set()
    await cutting
    # A connection cut while idle is noticed at its next use.
    await bulk_runs.database.engine.dispose()
    gc.collect()
    await bulk_runs.require_whole(bulk_id)


async def test_each_line_is_settled_once_when_several_workers_run_the_file(bulk_runs: BulkRuns) -> None:
    """A slow worker that was taken for dead."""
    bulk_id = await bulk_runs.submit()
    run = runner(bulk_runs.database)
    await asyncio.gather(run(bulk_id=bulk_id), run(bulk_id=bulk_id), run(bulk_id=bulk_id))
    await bulk_runs.require_whole(bulk_id)


async def test_an_all_or_nothing_file_becomes_visible_as_a_whole(bulk_runs: BulkRuns) -> None:
    bulk_id = await bulk_runs.submit("all_or_nothing")
    running = asyncio.create_task(runner(bulk_runs.database)(bulk_id=bulk_id))
    seen = set()
    while not running.done():
        [made] = await bulk_runs.rows("SELECT count(*) FROM transfers WHERE link_id = :id", id=bulk_id)
        [left] = await bulk_runs.rows("SELECT balance FROM accounts WHERE id = :id", id=bulk_runs.source)
        seen |= {made[0], left.balance}
        await asyncio.sleep(0)
    await running
    assert seen <= {0, LINES, Decimal(100_000), Decimal(100_000 - LINES)}
    await bulk_runs.require_whole(bulk_id)


async def test_a_refused_all_or_nothing_file_leaves_no_rows(bulk_runs: BulkRuns) -> None:
    amounts = ["1.00"] * 50 + ["99951.00"] + ["1.00"] * 9
    bulk_id = await bulk_runs.submit("all_or_nothing", amounts=amounts)
    await runner(bulk_runs.database)(bulk_id=bulk_id)
    [bulk] = await bulk_runs.rows("SELECT status, refused, not_run FROM bulks WHERE id = :id", id=bulk_id)
    assert tuple(bulk) == ("failed", 1, 59)
    assert (await bulk_runs.rows("SELECT count(*) FROM transfers WHERE link_id = :id", id=bulk_id))[0][0] == 0
    rows_found = await bulk_runs.rows(
        "SELECT outcome ->> 0 FROM bulk_chunks, jsonb_array_elements(outcomes) outcome WHERE bulk_id = :id"
        " AND outcome ->> 1 = 'refused'",
        id=bulk_id,
    )
    assert [row[0] for row in rows_found] == ["51"]
    await bulk_runs.require_sound()


async def test_counts_and_ledger_agree_when_a_run_is_cancelled(bulk_runs: BulkRuns) -> None:
    bulk_id = await bulk_runs.submit()
    gate = Gate(after_chunks=2)
    running = asyncio.create_task(runner(bulk_runs.database, gate)(bulk_id=bulk_id))
    await gate.reached.wait()
    await CancelBulk(bulk_runs.uow, SystemClock())(actor=bulk_runs.actor, bulk_id=bulk_id, reason="stop")
    gate.open.set()
    await running
    [bulk] = await bulk_runs.rows("SELECT status, settled, not_run FROM bulks WHERE id = :id", id=bulk_id)
    [made] = await bulk_runs.rows("SELECT count(*) FROM transfers WHERE link_id = :id", id=bulk_id)
    assert bulk.status == "cancelled"
    assert 0 < bulk.settled < LINES
    assert (bulk.settled, bulk.settled + bulk.not_run) == (made[0], LINES)
    await bulk_runs.require_sound()


async def test_counts_and_ledger_agree_when_the_payer_is_suspended_during_a_run(bulk_runs: BulkRuns) -> None:
    bulk_id = await bulk_runs.submit()
    gate, authority = Gate(after_chunks=2), FakeAuthority()
    running = asyncio.create_task(runner(bulk_runs.database, gate, authority)(bulk_id=bulk_id))
    await gate.reached.wait()
    authority.standing[bulk_runs.payer] = Standing.SUSPENDED
    gate.open.set()
    await running
    [bulk] = await bulk_runs.rows("SELECT status, settled, refused, not_run, ended_at FROM bulks WHERE id = :id", id=bulk_id)
    [made] = await bulk_runs.rows("SELECT count(*) FROM transfers WHERE link_id = :id", id=bulk_id)
    # One chunk before the gate, and the one whose payer was already checked.
    assert (bulk.status, bulk.settled, bulk.refused, bulk.not_run) == ("partly_completed", made[0], LINES - made[0], 0)
    assert (0 < made[0] < LINES, bulk.ended_at is not None) == (True, True)
    refused = await bulk_runs.rows(
        "SELECT DISTINCT outcome ->> 3 AS code FROM bulk_chunks, jsonb_array_elements(outcomes) outcome"
        " WHERE bulk_id = :id AND outcome ->> 1 = 'refused'",
        id=bulk_id,
    )
    assert [row.code for row in refused] == ["PAY_050"]
    ended = await bulk_runs.rows(
        "SELECT count(*) FROM outbox WHERE type = 'payments.bulk.completed' AND aggregate_id = :id", id=str(bulk_id)
    )
    assert ended[0][0] == 1
    await bulk_runs.require_sound()


async def test_a_run_stopped_by_the_suspension_event_runs_no_further_chunk(bulk_runs: BulkRuns) -> None:
    running_id, waiting_id = await bulk_runs.submit(), await bulk_runs.submit()
    gate, authority = Gate(after_chunks=2), FakeAuthority()
    running = asyncio.create_task(runner(bulk_runs.database, gate)(bulk_id=running_id))
    await gate.reached.wait()
    authority.standing[bulk_runs.payer] = Standing.SUSPENDED
    await StopPayer(bulk_runs.uow, authority, SystemClock())(actor=Actor.service("payments"), user_id=bulk_runs.payer)
    gate.open.set()
    await running
    await runner(bulk_runs.database)(bulk_id=waiting_id)
    stopped = {
        row.id: row
        for row in await bulk_runs.rows("SELECT id, status, settled, not_run, reason FROM bulks WHERE reason IS NOT NULL")
    }
    made = {
        bulk_id: (await bulk_runs.rows("SELECT count(*) FROM transfers WHERE link_id = :id", id=bulk_id))[0][0]
        for bulk_id in (running_id, waiting_id)
    }
    assert {id_: (row.status, row.settled, row.not_run) for id_, row in stopped.items()} == {
        running_id: ("cancelled", made[running_id], LINES - made[running_id]),
        waiting_id: ("cancelled", 0, LINES),
    }
    assert (0 < made[running_id] < LINES, made[waiting_id]) == (True, 0)
    assert {row.reason for row in stopped.values()} == {PayerSuspended().message}
    await bulk_runs.require_sound()


async def test_the_payer_and_others_pay_while_files_run(bulk_runs: BulkRuns) -> None:
    """Single transfers from and to the same wallets while bulk transfers run: no deadlock, no lost money."""
    pay = TransferTokens(GroupCommit(posting(bulk_runs.uow, FakeScreening(), SystemClock())))
    bulk_ids = [await bulk_runs.submit(), await bulk_runs.submit("all_or_nothing")]
    run = runner(bulk_runs.database)
    refused: list[DomainError] = []

    async def spend(number: int) -> None:
        for n in range(10):
            order = TransferOrder(
                kind=TransferKind.TRANSFER,
                key=f"{number}-{n}",
                initiator_id=bulk_runs.payer,
                source_id=bulk_runs.source,
                target_id=bulk_runs.payees[(number * 10 + n) % len(bulk_runs.payees)],
                amount=Money.of("0.10", "NAD"),
                description="",
            )
            try:
                await pay(actor=bulk_runs.actor, order=order)
            except DomainError as refusal:
                refused.append(refusal)

    await asyncio.gather(*(run(bulk_id=bulk_id) for bulk_id in bulk_ids), *(spend(n) for n in range(8)))
    assert refused == []
    for bulk_id in bulk_ids:
        await bulk_runs.require_whole(bulk_id)
    [left] = await bulk_runs.rows("SELECT balance FROM accounts WHERE id = :id", id=bulk_runs.source)
    assert left.balance == Decimal(100_000) - 2 * LINES - 8


async def test_recorded_outcomes_cannot_be_rewritten(bulk_runs: BulkRuns, database_urls: DatabaseUrls) -> None:
    bulk_id = await bulk_runs.submit(amounts=["1.00"] * 3)
    await runner(bulk_runs.database)(bulk_id=bulk_id)
    async with await psycopg.AsyncConnection.connect(database_urls.owner, autocommit=True) as connection:
        for change in ("outcomes = NULL", "lines = '[]'", "outcomes = jsonb_set(outcomes, '{0,1}', '\"refused\"')"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                await connection.execute(f"UPDATE bulk_chunks SET {change} WHERE bulk_id = %s", (bulk_id,))
        with pytest.raises(psycopg.errors.CheckViolation):
            await connection.execute("UPDATE bulks SET settled = settled + 1 WHERE id = %s", (bulk_id,))
