"""A `jobs` process that is killed, or stopped and woken up late, in the middle of a job: another finishes the job, once."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import psycopg
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from chassis.testing.processes import LoggingProcess, started
from chassis.testing.running import eventually
from kernel.actor import Actor, ActorKind
from kernel.clock import SystemClock
from kernel.ids import new_id
from payments.application.ledger_verifications.verify_ledger import VerifyLedger
from payments.wiring.dependencies import unit_of_work
from services.payments.tests.integration.peers import peers
from services.payments.tests.integration.use_case_bank import UseCaseBank

PEERS = ("governance", "compliance", "identity")
WAITING = """
    SELECT pid, application_name FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'jobs-%%'
        AND query LIKE %s
"""
# The first rule that reads postings.
VERIFYING = "%SELECT transfer_id, currency, sum(amount)%"
OF_WORK = """
    SELECT count(*) FROM outbox WHERE type = 'audit.facts.recorded' AND position(convert_to(:id, 'UTF8') IN payload) > 0
"""
RUNS = "SELECT string_agg(status::text, ',') FROM procrastinate_jobs WHERE task_name = 'payments:run_bulk'"


@pytest.fixture
async def workers(database_urls: DatabaseUrls) -> AsyncIterator[Mapping[str, LoggingProcess]]:
    """Three `jobs` processes; the database knows their connections by their names."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(peers(None))
        settings = {
            "ELCORP_ENVIRONMENT": "local",
            "ELCORP_OPS_PORT": "0",
            "ELCORP_JOB_SILENCE_SECONDS": "2",
            **{f"ELCORP_{peer.upper()}_TARGET": f"localhost:{server.port}" for peer in PEERS},
        }
        running = {
            name: await stack.enter_async_context(
                started(
                    [sys.executable, "-m", "payments", "jobs"],
                    {**os.environ, **settings, "ELCORP_DATABASE_URL": f"{database_urls.app}?application_name={name}"},
                )
            )
            for name in ("jobs-1", "jobs-2", "jobs-3")
        }
        for process in running.values():
            await process.line("working")
        yield running


async def test_work_whose_worker_is_gone_is_done_once_by_another(
    database: Database, database_urls: DatabaseUrls, workers: Mapping[str, LoggingProcess]
) -> None:
    bank = UseCaseBank(database, ControlledClock(SystemClock().now()))
    payer, payee = await bank.wallet("10.00"), await bank.wallet()

    async def paid_without(signalled: signal.Signals) -> LoggingProcess:
        async with await psycopg.AsyncConnection.connect(database_urls.app) as holder:
            await holder.execute("SELECT FROM accounts WHERE id = %s FOR NO KEY UPDATE", (payer,))
            accepted = await bank.hand_in(payer, payee, "4.00")
            backend, name = await waiting(database_urls)
            workers[name].process.send_signal(signalled)
            # What the server does with the connection of a process that says nothing.
            await holder.execute("SELECT pg_terminate_backend(%s)", (backend,))

        async def is_paid() -> bool:
            return bool(await bank.scalar("SELECT status = 'completed' FROM bulks WHERE id = :id", id=accepted.bulk.id))

        await eventually(is_paid)
        return workers[name]

    stopped = await paid_without(signal.SIGSTOP)
    stopped.process.send_signal(signal.SIGCONT)
    await stopped.line("job_outcome_dropped", task="payments:run_bulk")
    await paid_without(signal.SIGKILL)
    assert await bank.scalar("SELECT count(*) FROM transfers WHERE link_id IS NOT NULL") == 2
    assert [(await bank.balance(wallet))[0] for wallet in (payer, payee)] == [2, 8]
    await eventually(lambda: bank.scalar(RUNS), "succeeded,succeeded")
    assert await bank.broken() == []
    await verified_without_its_worker(bank, database, database_urls, workers)


async def verified_without_its_worker(
    bank: UseCaseBank, database: Database, urls: DatabaseUrls, workers: Mapping[str, LoggingProcess]
) -> None:
    actor = Actor(kind=ActorKind.USER, subject_id=str(new_id()))
    async with await psycopg.AsyncConnection.connect(urls.owner) as holder:
        await holder.execute("LOCK TABLE postings IN ACCESS EXCLUSIVE MODE")
        work, is_new = await VerifyLedger(unit_of_work(database), bank.clock)(actor=actor)
        _, name = await waiting(urls, VERIFYING)
        workers[name].process.send_signal(signal.SIGKILL)
    await eventually(lambda: bank.scalar("SELECT state FROM long_work"), "succeeded")
    assert is_new
    assert await bank.scalar("SELECT attempts FROM long_work") == 2
    assert await bank.scalar("SELECT result->>'adds_up' FROM long_work") == "true"
    # Its start, both beginnings, and one end.
    assert await bank.scalar(OF_WORK, id=str(work.id)) == 4


async def waiting(urls: DatabaseUrls, query: str = "%") -> tuple[int, str]:
    """Wait for a worker whose query waits for a lock; return its backend and its name."""
    found: list[tuple[int, str]] = []

    async def is_found() -> bool:
        async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as connection:
            found.extend(await (await connection.execute(WAITING, (query,))).fetchall())
        return bool(found)

    await eventually(is_found)
    return found[0]
