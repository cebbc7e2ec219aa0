import asyncio

import pytest
from procrastinate import Blueprint
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.periodic import PeriodicDeferrer
from procrastinate.testing import InMemoryConnector
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.health import NotReady
from chassis.jobs import JobWorker
from chassis.persistence.database import Database
from chassis.testing.running import endpoint, eventually, running, through
from libs.chassis.tests.jobs.painters import Painters, PainterSettings, rows
from libs.chassis.tests.jobs.queueing import defer


async def test_a_job_is_queued_only_if_its_transaction_commits(painters, database, urls):
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


async def test_a_queueing_lock_prevents_a_second_queued_job(painters, database):
    async with database.session() as session:
        await defer(session, painters.paint, queueing_lock="front", door="front")
        await session.commit()
    async with database.session() as session:
        with pytest.raises(AlreadyEnqueued):
            await defer(session, painters.paint, queueing_lock="front", door="front")


async def test_jobs_with_one_lock_run_one_by_one_and_others_run_in_parallel(painters, database):
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
                # It would be fetched after the second job of the lock, if that were possible.
                await defer(session, painters.paint, door="gate")
                await session.commit()
            await eventually(lambda: painters.painted, ["shed", "gate"])
            assert painters.held == ["front"]
            painters.go_on.set()
            await eventually(lambda: painters.held, ["front", "back"])


async def test_a_failing_job_is_logged_in_one_line_and_counted(painters, database):
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


async def test_running_and_scheduled_jobs_do_not_count_as_late(painters, database, urls):
    async with database.session() as session:
        await defer(session, painters.hold, door="front")
        await session.commit()
    async with painters.app.open_async() as app:
        # No other job is due.
        app.periodic_registry.periodic_tasks.clear()
        worker = JobWorker(app, service="painters", grace_seconds=5)
        async with running(worker.run):
            await eventually(lambda: painters.held, ["front"])
            await app.configure_task("painters:paint", schedule_in={"hours": 1}).defer_async(door="back")
            await worker._measure_once()
            # A running job no longer waits; a scheduled job waits but is not late.
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


async def test_every_statement_of_a_job_has_a_timeout(painters):
    async with painters.app.open_async() as app:
        limits = [await app.connector.execute_query_one_async(f"SHOW {name}") for name in ("statement_timeout", "timezone")]
    assert [value for limit in limits for value in limit.values()] == ["1min", "UTC"]


async def test_a_job_that_exceeds_the_grace_period_is_ended_with_its_worker(painters, database):
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


async def test_the_worker_waits_for_a_lost_database(urls, servers, fault_proxy, monkeypatch):
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
    """Three processes reach each tick at once: the database accepts one job."""
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

    # Called directly, one tick per round: a process that is late, after the next tick was queued, would queue it again.
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
