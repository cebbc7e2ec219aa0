"""Jobs of a worker that is silent are taken over, each once, and a worker that was only stopped does not disturb the next run."""

import asyncio
import json
from collections.abc import AsyncIterator

import psycopg
import pytest
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from structlog.testing import capture_logs

from chassis.jobs import JobWorker
from chassis.jobs.fenced_outcomes import FencedOutcomes
from chassis.jobs.heartbeats import BEATS_A_SILENCE, Heartbeats
from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually, running
from libs.chassis.tests.jobs.painters import Painters, rows
from libs.chassis.tests.jobs.queueing import defer

SILENCE_SECONDS = 10
JOBS = "SELECT args->>'door', status::text, attempts FROM procrastinate_jobs ORDER BY id"


class Monotonic:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def app(painters: Painters) -> AsyncIterator[App]:
    painters.app.periodic_registry.periodic_tasks.clear()
    async with painters.app.open_async() as app:
        yield app


@pytest.fixture
def jobs(app: App) -> FencedOutcomes:
    return FencedOutcomes(app.connector)


async def queue(database: Database, painters: Painters, door: str, *, lock: str | None = None, queueing_lock: str | None = None):
    async with database.session() as session:
        await defer(session, painters.paint, lock=lock, queueing_lock=queueing_lock, door=door)
        await session.commit()


async def fetch(jobs: FencedOutcomes) -> Job:
    """Fetch the next job by a new worker."""
    job = await jobs.fetch_job(queues=None, worker_id=await jobs.register_worker())
    assert job
    return job


async def fall_silent(urls: DatabaseUrls, job: Job) -> None:
    await rows(
        urls,
        f"""
        UPDATE procrastinate_workers SET last_heartbeat = now() - interval '{SILENCE_SECONDS + 1} seconds'
        WHERE id = {job.worker_id} RETURNING 1
        """,
    )


@pytest.mark.parametrize(("silent", "taken"), [(True, 1), (False, 0)])
async def test_only_the_jobs_of_a_silent_worker_are_taken_over(painters, database, urls, jobs, silent, taken):
    await queue(database, painters, "front")
    job = await fetch(jobs)
    if silent:
        await fall_silent(urls, job)
    assert await jobs.take_over(silence_seconds=SILENCE_SECONDS) == taken
    assert await rows(urls, JOBS) == [("front", "todo" if silent else "doing", taken)]


async def test_workers_that_take_over_at_once_queue_a_job_once(painters, database, urls, jobs):
    for door in ("front", "back", "shed"):
        await queue(database, painters, door)
        await fall_silent(urls, await fetch(jobs))
    taken = await asyncio.gather(*(jobs.take_over(silence_seconds=SILENCE_SECONDS) for _ in range(4)))
    assert sum(taken) == 3
    assert await rows(urls, JOBS) == [(door, "todo", 1) for door in ("front", "back", "shed")]


async def test_a_job_taken_over_does_not_block_its_successor(painters, database, urls, jobs):
    """A periodic job is queued again each minute, even while the last one runs: a killed one keeps the lock of both."""
    await queue(database, painters, "front", lock="house", queueing_lock="house")
    dead = await fetch(jobs)
    await queue(database, painters, "back", lock="house", queueing_lock="house")
    await fall_silent(urls, dead)
    await jobs.take_over(silence_seconds=SILENCE_SECONDS)
    assert await rows(urls, JOBS) == [("front", "failed", 1), ("back", "todo", 0)]
    assert (await fetch(jobs)).task_kwargs == {"door": "back"}


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.ABORTED])
async def test_a_worker_that_wakes_up_does_not_end_the_run_of_the_next(painters, database, urls, jobs, status):
    await queue(database, painters, "front", lock="house")
    slept = await fetch(jobs)
    await fall_silent(urls, slept)
    await jobs.take_over(silence_seconds=SILENCE_SECONDS)
    with capture_logs() as lines:
        await jobs.finish_job(slept, status, delete_job=False)
    assert [line["event"] for line in lines] == ["job_outcome_dropped"]
    now = await fetch(jobs)
    await queue(database, painters, "back", lock="house")
    await jobs.finish_job(slept, status, delete_job=False)
    await jobs.retry_job(slept)
    # The lock is still the next run's: its successor waits.
    assert await rows(urls, JOBS) == [("front", "doing", 1), ("back", "todo", 0)]
    assert await jobs.fetch_job(queues=None, worker_id=now.worker_id) is None
    await jobs.finish_job(now, Status.SUCCEEDED, delete_job=False)
    assert await rows(urls, JOBS) == [("front", "succeeded", 2), ("back", "todo", 0)]


@pytest.mark.parametrize("outcome", ["finish", "retry"])
async def test_an_outcome_is_recorded_although_the_database_fails_at_first(painters, database, urls, jobs, monkeypatch, outcome):
    await queue(database, painters, "front")
    job = await fetch(jobs)
    real, failures = jobs.connector.execute_query_all_async, [ConnectorException(), psycopg.OperationalError()]

    async def execute(*arguments, **parameters):
        if failures:
            raise failures.pop()
        return await real(*arguments, **parameters)

    monkeypatch.setattr(jobs.connector, "execute_query_all_async", execute)
    await (jobs.finish_job(job, Status.SUCCEEDED, delete_job=False) if outcome == "finish" else jobs.retry_job(job))
    assert await rows(urls, JOBS) == [("front", "succeeded", 1) if outcome == "finish" else ("front", "todo", 1)]


async def test_a_worker_that_was_removed_registers_again_with_its_next_heartbeat(painters, database, urls, jobs):
    await queue(database, painters, "front")
    await queue(database, painters, "back")
    job = await fetch(jobs)
    await fall_silent(urls, job)
    # What another worker does when it starts.
    assert await jobs.prune_stalled_workers(SILENCE_SECONDS) == [job.worker_id]
    assert job.worker_id
    clock = Monotonic()
    heartbeats = Heartbeats(jobs, silence_seconds=SILENCE_SECONDS, monotonic=clock)
    # The first beats of a worker judge nobody: after an outage, others may not have beaten yet.
    await heartbeats.beat(job.worker_id)
    assert await rows(urls, JOBS) == [("front", "doing", 0), ("back", "todo", 0)]
    clock.seconds += 2 * heartbeats.seconds_between
    await heartbeats.beat(job.worker_id)
    # Its job was taken over, and it may fetch others.
    assert await rows(urls, JOBS) == [("front", "todo", 1), ("back", "todo", 0)]
    assert await jobs.fetch_job(queues=None, worker_id=job.worker_id)


async def test_a_worker_that_was_silent_itself_judges_nobody_until_others_have_had_time_to_beat(painters, database, urls, jobs):
    await queue(database, painters, "front")
    job, clock = await fetch(jobs), Monotonic()
    me = await jobs.register_worker()
    heartbeats = Heartbeats(jobs, silence_seconds=SILENCE_SECONDS, monotonic=clock)
    # The database was away: everyone is silent.
    await fall_silent(urls, job)
    clock.seconds += SILENCE_SECONDS
    for _ in range(BEATS_A_SILENCE):
        await heartbeats.beat(me)
        assert await rows(urls, JOBS) == [("front", "doing", 0)]
        clock.seconds += SILENCE_SECONDS / BEATS_A_SILENCE
    await heartbeats.beat(me)
    assert await rows(urls, JOBS) == [("front", "todo", 1)]


async def test_a_running_job_keeps_its_worker_alive_while_the_worker_stops(painters, database, urls, app):
    """A job may use the whole grace period; it is not given to another worker meanwhile."""
    async with database.session() as session:
        await defer(session, painters.hold, door="front")
        await session.commit()
    worker = JobWorker(app, service="painters", grace_seconds=600, silence_seconds=1)
    beats = "SELECT last_heartbeat FROM procrastinate_workers"
    async with running(worker.run) as stop:
        await eventually(lambda: painters.held, ["front"])
        stop.set()
        await eventually(lambda: worker._running, False)
        [before] = await rows(urls, beats)

        async def has_beaten() -> bool:
            return await rows(urls, beats) > [before]

        await eventually(has_beaten)
        painters.go_on.set()
    assert await rows(urls, JOBS) == [("front", "succeeded", 1)]
    assert await rows(urls, beats) == []


async def test_workers_are_notified_of_a_job_that_is_taken_over(painters, database, urls, jobs):
    """A free worker looks at the queue every five seconds, or when it is notified."""
    await queue(database, painters, "front")
    await fall_silent(urls, await fetch(jobs))
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as connection:
        await connection.execute("LISTEN procrastinate_any_queue_v1")
        await jobs.take_over(silence_seconds=SILENCE_SECONDS)
        heard = [notification async for notification in connection.notifies(timeout=60, stop_after=1)]
    assert [json.loads(notification.payload)["type"] for notification in heard] == ["job_inserted"]


async def test_a_job_of_a_silent_worker_is_run_by_another(painters, database, urls, jobs, app):
    await queue(database, painters, "front")
    await fall_silent(urls, await fetch(jobs))
    worker = JobWorker(app, service="painters", grace_seconds=5, silence_seconds=1)
    async with running(worker.run):
        await eventually(lambda: painters.painted, ["front"])
