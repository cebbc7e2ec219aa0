import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
from procrastinate import App, Blueprint
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.periodic import PeriodicDeferrer
from procrastinate.testing import InMemoryConnector
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.health import NotReady
from chassis.jobs import JobWorker, defer, make_jobs
from chassis.persistence.database import Database
from chassis.settings import ServiceSettings
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.running import endpoint, eventually, running, through

VERSIONS = Path(__file__).parent / "versions"


class PainterSettings(ServiceSettings):
    NAME: ClassVar[str] = "painters"


class Painters:
    """A service's tasks, and what they did."""

    def __init__(self, settings: PainterSettings) -> None:
        self.painted: list[str] = []
        self.held: list[str] = []
        self.go_on = asyncio.Event()
        self.blueprint = Blueprint()

        @self.blueprint.task(name="paint")
        async def paint(door: str) -> None:
            self.painted.append(door)

        @self.blueprint.task(name="hold")
        async def hold(door: str) -> None:
            self.held.append(door)
            await self.go_on.wait()

        @self.blueprint.task(name="break")
        async def break_it() -> None:
            raise RuntimeError("the brush broke for anna@example.na")

        @self.blueprint.task(name="wait")
        async def wait() -> None:
            if not self.go_on.is_set():
                raise RuntimeError("what it needs is away")

        self.paint, self.hold, self.break_it, self.wait = paint, hold, break_it, wait
        self.app = make_jobs(settings, [self.blueprint])


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("painters", VERSIONS) as urls:
        yield urls


@pytest.fixture
def painters(urls) -> Painters:
    return Painters(PainterSettings(database_url=urls.app))


@pytest.fixture
async def database(urls) -> AsyncIterator[Database]:
    database = Database.connect(urls.app, pool_size=3)
    yield database
    await database.close()


async def rows(urls: DatabaseUrls, query: str) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as connection:
        return await (await connection.execute(query)).fetchall()


async def test_a_job_exists_exactly_when_its_effect_does(painters, database, urls):
    async with database.session() as session:
        await session.execute(text("INSERT INTO effects VALUES ('kept')"))
        await defer(session, painters.paint, door="kept")
        await session.commit()
    async with database.session() as session:
        await session.execute(text("INSERT INTO effects VALUES ('dropped')"))
        await defer(session, painters.paint, door="dropped")
        await session.rollback()
    assert await rows(urls, "SELECT name FROM effects") == [("kept",)]
    assert await rows(urls, "SELECT args->>'door' FROM procrastinate_jobs") == [("kept",)]


async def test_the_runtime_role_runs_deferred_jobs(painters, database):
    async with painters.app.open_async() as app:
        worker = JobWorker(app, service="painters", grace_seconds=5)
        async with running(worker.run):
            async with database.session() as session:
                await defer(session, painters.paint, door="front")
                await session.commit()
            await eventually(lambda: painters.painted, ["front"])
            await worker.check()
    with pytest.raises(NotReady):
        await worker.check()


async def test_a_queueing_lock_keeps_a_second_job_out_of_the_queue(painters, database):
    async with database.session() as session:
        await defer(session, painters.paint, queueing_lock="front", door="front")
        await session.commit()
    async with database.session() as session:
        with pytest.raises(AlreadyEnqueued):
            await defer(session, painters.paint, queueing_lock="front", door="front")


async def test_jobs_of_one_lock_run_one_after_the_other_and_others_beside_them(painters, database):
    async with database.session() as session:
        for door in ("front", "back"):
            await defer(session, painters.hold, lock="house", door=door)
        await defer(session, painters.paint, door="shed")
        await session.commit()
    async with painters.app.open_async() as app:
        worker = JobWorker(app, service="painters", grace_seconds=5)
        async with running(worker.run):
            await eventually(lambda: painters.painted, ["shed"])
            await eventually(lambda: painters.held, ["front"])
            async with database.session() as session:
                # Fetched after the second of the lock, had that been to have.
                await defer(session, painters.paint, door="gate")
                await session.commit()
            await eventually(lambda: painters.painted, ["shed", "gate"])
            assert painters.held == ["front"]
            painters.go_on.set()
            await eventually(lambda: painters.held, ["front", "back"])


async def test_a_failing_job_is_told_in_one_line_and_counted(painters, database):
    async with database.session() as session:
        await defer(session, painters.break_it)
        await session.commit()
    async with painters.app.open_async() as app:
        worker = JobWorker(app, service="painters", grace_seconds=5)
        with capture_logs() as lines:
            async with running(worker.run):
                await eventually(lambda: any(line.get("name") == "painters:break" for line in lines))
        await worker._measure_once()
    (line,) = [line for line in lines if line.get("name") == "painters:break"]
    assert (line["event"], line["outcome"]) == ("job", "failed")
    assert REGISTRY.get_sample_value("jobs_failed") == 1


async def test_the_queue_is_measured(painters, database):
    async with database.session() as session:
        for door in ("front", "back"):
            await defer(session, painters.paint, door=door)
        await session.commit()
    async with painters.app.open_async() as app:
        worker = JobWorker(app, service="painters", grace_seconds=5)
        await worker._measure_once()
        assert REGISTRY.get_sample_value("jobs_waiting", {"queue": "default"}) == 2
        assert sample("job_oldest_waiting_seconds") > 0
        async with running(worker.run):
            await eventually(lambda: len(painters.painted), 2)
        await worker._measure_once()
    assert REGISTRY.get_sample_value("jobs_waiting", {"queue": "default"}) is None
    assert sample("job_last_success_timestamp_seconds", task="painters:paint") > 1_700_000_000


async def test_what_runs_or_is_for_later_is_not_taken_for_late(painters, database, urls):
    async with database.session() as session:
        await defer(session, painters.hold, door="front")
        await session.commit()
    async with painters.app.open_async() as app:
        # Nothing else is due.
        app.periodic_registry.periodic_tasks.clear()
        worker = JobWorker(app, service="painters", grace_seconds=5)
        async with running(worker.run):
            await eventually(lambda: painters.held, ["front"])
            await app.configure_task("painters:paint", schedule_in={"hours": 1}).defer_async(door="back")
            await worker._measure_once()
            # What runs waits no more; what is for later waits, but is not late.
            assert sample("jobs_waiting", queue="default") == 1
            assert sample("job_oldest_waiting_seconds") == 0
            assert sample("jobs_failed") == 0
            painters.go_on.set()
    await rows(
        urls,
        """
        UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 hour' WHERE status = 'todo' RETURNING 1
        """,
    )
    async with painters.app.open_async() as app:
        await JobWorker(app, service="painters", grace_seconds=5)._measure_once()
    assert 3600 <= sample("job_oldest_waiting_seconds") < 7200


def sample(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None
    return value


async def run_task(app: App, name: str) -> None:
    # This task alone: whatever else is due at this minute of the hour would be queued beside it, or before it.
    app.periodic_registry.periodic_tasks.clear()
    await app.configure_task(name).defer_async(timestamp=0)
    await app.run_worker_async(wait=False, install_signal_handlers=False, queues=["maintenance"])


async def test_old_idempotency_keys_and_inbox_rows_are_purged_and_young_ones_stay(painters, urls):
    await rows(
        urls,
        """
        INSERT INTO idempotency_keys (owner, key, request_hash, status, body, headers, created_at)
        VALUES
            ('a', 'old', '', 200, '', '{}', now() - interval '24 hours'),
            ('a', 'young', '', 200, '', '{}', now() - interval '23 hours')
        RETURNING 1
        """,
    )
    await rows(
        urls,
        """
        INSERT INTO inbox (consumer, message_id, handled_at)
        VALUES
            ('old', gen_random_uuid(), now() - interval '14 days'),
            ('young', gen_random_uuid(), now() - interval '13 days')
        RETURNING 1
        """,
    )
    async with painters.app.open_async() as app:
        await run_task(app, "platform:purge_idempotency_keys")
        await run_task(app, "platform:purge_inbox")
    assert await rows(urls, "SELECT key FROM idempotency_keys") == [("young",)]
    assert await rows(urls, "SELECT consumer FROM inbox") == [("young",)]


async def test_of_more_than_a_run_purges_the_oldest_go_first(painters, urls, monkeypatch):
    monkeypatch.setattr("chassis.jobs.maintenance.ROWS_A_RUN_MAX", 2)
    # Neither in the order of their names nor of their writing.
    ages = (("b", 30), ("d", 33), ("a", 31), ("c", 32))
    for name, days in ages:
        await rows(
            urls,
            f"""
            INSERT INTO idempotency_keys (owner, key, request_hash, status, body, headers, created_at)
            VALUES ('a', '{name}', '', 200, '', '{{}}', now() - interval '{days} days') RETURNING 1
            """,
        )
        await rows(
            urls,
            f"""
            INSERT INTO inbox (consumer, message_id, handled_at)
            VALUES ('{name}', gen_random_uuid(), now() - interval '{days} days') RETURNING 1
            """,
        )
    async with painters.app.open_async() as app:
        for left in (["a", "b"], []):
            await run_task(app, "platform:purge_idempotency_keys")
            await run_task(app, "platform:purge_inbox")
            assert await rows(urls, "SELECT key FROM idempotency_keys ORDER BY key") == [(name,) for name in left]
            assert await rows(urls, "SELECT consumer FROM inbox ORDER BY consumer") == [(name,) for name in left]


@pytest.mark.parametrize(("job_seconds", "silent_seconds", "painted"), [(60, 61, True), (60, 20, False), (6, 7, True)])
async def test_a_job_whose_worker_died_is_taken_up_again(urls, database, job_seconds, silent_seconds, painted):
    painters = Painters(PainterSettings(database_url=urls.app, job_seconds=job_seconds))
    async with database.session() as session:
        await defer(session, painters.paint, door="front")
        await session.commit()
    async with painters.app.open_async() as app:
        dead = await app.job_manager.register_worker()
        assert await app.job_manager.fetch_job(queues=None, worker_id=dead)
        await rows(
            urls, f"UPDATE procrastinate_workers SET last_heartbeat = now() - interval '{silent_seconds} seconds' RETURNING 1"
        )
        await run_task(app, "platform:retry_stalled_jobs")
        await app.run_worker_async(wait=False, install_signal_handlers=False, stalled_worker_timeout=3600)
    assert painters.painted == (["front"] if painted else [])


async def test_a_job_whose_worker_died_does_not_hold_up_its_successor(painters, database, urls):
    """A periodic job is queued again each minute, also while the last one still runs: the killed one keeps their lock."""

    async def queue(door: str) -> None:
        async with database.session() as session:
            await defer(session, painters.paint, lock="house", queueing_lock="house", door=door)
            await session.commit()

    await queue("front")
    async with database.session() as session:
        await defer(session, painters.paint, door="shed")
        await session.commit()
    async with painters.app.open_async() as app:
        dead = await app.job_manager.register_worker()
        for _ in range(2):
            assert await app.job_manager.fetch_job(queues=None, worker_id=dead)
        await queue("back")
        await rows(urls, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '61 seconds' RETURNING 1")
        await run_task(app, "platform:retry_stalled_jobs")
        await app.run_worker_async(wait=False, install_signal_handlers=False, stalled_worker_timeout=3600)
    assert sorted(painters.painted) == ["back", "shed"]
    told = "SELECT args->>'door', status::text FROM procrastinate_jobs WHERE task_name = 'painters:paint' ORDER BY id"
    assert await rows(urls, told) == [
        ("front", "failed"),
        ("shed", "succeeded"),
        ("back", "succeeded"),
    ]


@pytest.mark.parametrize(("job_seconds", "cron"), [(60, "* * * * *"), (6, "* * * * * */6")])
def test_what_is_done_each_minute_may_be_done_more_often(job_seconds, cron):
    app = make_jobs(PainterSettings(database_url="postgresql://nowhere/x", job_seconds=job_seconds))
    crons = {periodic.task.name: periodic.cron for periodic in app.periodic_registry.periodic_tasks.values()}
    assert crons == {
        "platform:purge_idempotency_keys": "*/10 * * * *",
        "platform:purge_inbox": "5 * * * *",
        "platform:remove_finished_jobs": "5-59/10 * * * *",
        "platform:retry_stalled_jobs": cron,
    }


async def test_a_failed_job_is_removed_once_a_later_one_of_its_lock_has_done_its_work(painters, database, urls):
    async def run(*locks):
        async with database.session() as session:
            for lock in locks:
                await defer(session, painters.wait, queueing_lock=lock)
            await session.commit()
        await app.run_worker_async(wait=False, queues=["default"], install_signal_handlers=False)

    painters.app.periodic_registry.periodic_tasks.clear()
    async with painters.app.open_async() as app:
        await run("front", "back", None)
        painters.go_on.set()
        await run("front", None)
        await run_task(app, "platform:remove_finished_jobs")
    failed = await rows(urls, "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'failed' ORDER BY 1")
    assert failed == [("back",), (None,)]


@pytest.mark.parametrize(("hours", "stays"), [(73, False), (71, True)])
async def test_finished_jobs_are_removed_after_three_days_and_failed_ones_stay(painters, database, urls, hours, stays):
    async with database.session() as session:
        await defer(session, painters.paint, door="front")
        await defer(session, painters.break_it)
        await session.commit()
    async with painters.app.open_async() as app:
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        await rows(urls, f"UPDATE procrastinate_events SET at = at - interval '{hours} hours' RETURNING 1")
        await run_task(app, "platform:remove_finished_jobs")
    left = {name for (name,) in await rows(urls, "SELECT task_name FROM procrastinate_jobs")}
    assert ("painters:paint" in left) == stays
    assert "painters:break" in left


async def test_no_statement_of_a_job_lasts_for_ever(painters):
    async with painters.app.open_async() as app:
        limits = [await app.connector.execute_query_one_async(f"SHOW {name}") for name in ("statement_timeout", "timezone")]
    assert [value for limit in limits for value in limit.values()] == ["1min", "UTC"]


async def test_a_job_that_outlasts_the_grace_is_ended_with_its_worker(painters, database):
    async with database.session() as session:
        await defer(session, painters.hold, door="front")
        await session.commit()
    async with painters.app.open_async() as app:
        worker, stop = JobWorker(app, service="painters", grace_seconds=0.05), asyncio.Event()
        run = asyncio.create_task(worker.run(stop))
        await eventually(lambda: painters.held, ["front"])
        stop.set()
        async with asyncio.timeout(60):
            await run


async def test_a_lost_database_is_waited_for(urls, servers, fault_proxy, monkeypatch):
    monkeypatch.setattr("chassis.jobs.worker.RESTART_SECONDS", 0.1)
    proxy = await fault_proxy(*endpoint(servers.postgres_url))
    painters = Painters(PainterSettings(database_url=through(urls.app, proxy.port)))
    async with painters.app.open_async() as app:
        worker = JobWorker(app, service="painters", grace_seconds=5)
        async with running(worker.run, worker.measure):
            await eventually(lambda: worker._running)
            with capture_logs() as lines:
                proxy.refuse()
                await eventually(lambda: "job_worker_lost_database" in [line["event"] for line in lines])
            await proxy.heal()
            direct = Database.connect(urls.app, pool_size=1)
            async with direct.session() as session:
                await defer(session, painters.paint, door="front")
                await session.commit()
            await direct.close()
            await eventually(lambda: painters.painted, ["front"])


async def test_periodic_ticks_are_deduplicated_by_the_database(urls, database):
    """Three processes come to each tick at once: the database lets it be deferred once."""
    apps = []
    for _ in range(3):
        painters = Painters(PainterSettings(database_url=urls.app))
        blueprint = Blueprint()

        @blueprint.periodic(cron="* * * * * *")
        @blueprint.task(name="tick")
        async def tick(timestamp: int) -> None:
            await asyncio.sleep(0)

        painters.app.add_tasks_from(blueprint, namespace="painters")
        apps.append(painters.app)

    # By hand, one tick a round: a process that comes late to a tick, after the next was deferred, defers it again.
    async with apps[0].open_async(), apps[1].open_async(), apps[2].open_async():
        deferrers = [PeriodicDeferrer(app.periodic_registry) for app in apps]
        for at in (1_000.5, 1_001.5, 1_002.5):
            await asyncio.gather(*(each.defer_jobs(list(each.get_previous_tasks(at=at))) for each in deferrers))
    ticks = await rows(urls, "SELECT args->>'timestamp' FROM procrastinate_jobs WHERE task_name = 'painters:tick' ORDER BY id")
    assert ticks == [("1000",), ("1001",), ("1002",)]


async def test_tasks_run_in_memory_for_unit_tests():
    painters = Painters(PainterSettings(database_url="postgresql://nowhere/x"))
    with painters.app.replace_connector(InMemoryConnector()) as app:
        await app.configure_task("painters:paint").defer_async(door="front")
        await app.run_worker_async(wait=False, install_signal_handlers=False)
    assert painters.painted == ["front"]
