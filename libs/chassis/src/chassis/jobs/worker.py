"""Runs a service's jobs until `stop` is set."""

import asyncio
import time
from typing import Any

import psycopg
from procrastinate import App, JobContext
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.worker import Worker
from prometheus_client import Gauge, Histogram

from chassis import telemetry
from chassis.health import NotReady
from chassis.jobs.fenced_outcomes import FencedOutcomes
from chassis.jobs.heartbeats import Heartbeats
from chassis.telemetry import log
from chassis.telemetry.metrics import BUCKETS_SECONDS
from chassis.waiting import run_first, sleep_unless

CONCURRENCY = 4
RESTART_SECONDS = 2.0
# Without a heartbeat for this long, a worker counts as dead and its jobs are given to others.
SILENCE_SECONDS = 10
MEASURE_EVERY_SECONDS = 15.0
_NO_HEARTBEATS_SECONDS = 1e6

RUN = Histogram("job_seconds", "Jobs run.", ("task", "outcome"), buckets=(*BUCKETS_SECONDS, 60, 300))
WAITING = Gauge("jobs_waiting", "Jobs that wait to run.", ("queue",))
OLDEST = Gauge("job_oldest_waiting_seconds", "Age of the oldest job that is due.")
FAILED = Gauge("jobs_failed", "Jobs that have failed permanently and wait for an operator.")
LAST_SUCCESS = Gauge("job_last_success_timestamp_seconds", "When a task last succeeded.", ("task",))

_MEASURE_QUEUES = """
    SELECT queue_name, count(*) AS waiting FROM procrastinate_jobs WHERE status = 'todo' GROUP BY queue_name
"""
_MEASURE_STATE = """
    SELECT
        count(*) FILTER (WHERE status = 'failed') AS failed,
        coalesce(extract(epoch FROM max(now() - due.at) FILTER (WHERE status = 'todo' AND due.at <= now())), 0) AS oldest
    FROM procrastinate_jobs
    CROSS JOIN LATERAL (
        SELECT coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events WHERE job_id = procrastinate_jobs.id)) AS at
    ) AS due
    WHERE status IN ('todo', 'failed')
"""
_MEASURE_SUCCESS = """
    SELECT task_name, extract(epoch FROM max(event.at)) AS at
    FROM procrastinate_jobs JOIN procrastinate_events AS event ON event.job_id = procrastinate_jobs.id
    WHERE event.type = 'succeeded' GROUP BY task_name
"""


class JobWorker:
    """One worker process; any number of them may run concurrently."""

    def __init__(self, app: App, *, service: str, grace_seconds: float, silence_seconds: int = SILENCE_SECONDS) -> None:
        app.job_manager = jobs = FencedOutcomes(app.connector)
        self._app = app
        self._service = service
        self._grace_seconds = grace_seconds
        self._silence_seconds = silence_seconds
        self._heartbeats = Heartbeats(jobs, silence_seconds=silence_seconds)
        self._running = False

    async def check(self) -> None:
        """Raise NotReady while no worker runs because the database is unavailable."""
        if not self._running:
            raise NotReady("the worker waits for its database")

    async def ping(self) -> None:
        """Query the database on a connection of the queue's pool."""
        await self._app.connector.execute_query_one_async("SELECT 1 AS answers")

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until `stop` is set, then let running jobs finish; waits for the database if it is lost."""
        while not stop.is_set():
            try:
                await self._run_once(stop)
            except (ConnectorException, psycopg.Error) as error:
                log.warning("job_worker_lost_database", problem=type(error).__name__)
            await sleep_unless(stop, RESTART_SECONDS)

    async def measure(self, stop: asyncio.Event) -> None:
        """Update the gauges of the queue."""
        while not stop.is_set():
            try:
                # A stop does not wait for a silent database.
                await run_first(self._measure_once(), stop.wait())
            except (ConnectorException, psycopg.Error) as error:
                log.warning("jobs_not_measured", problem=type(error).__name__)
            await sleep_unless(stop, MEASURE_EVERY_SECONDS)

    async def _run_once(self, stop: asyncio.Event) -> None:
        worker = Worker(
            self._app,
            name=self._service,
            concurrency=CONCURRENCY,
            install_signal_handlers=False,
            shutdown_graceful_timeout=self._grace_seconds,
            worker_middleware=[observe],
            # Its own heartbeats end when it is asked to stop, while its last jobs still run.
            update_heartbeat_interval=_NO_HEARTBEATS_SECONDS,
            # The jobs of a removed worker are taken over at once, so a worker that may only be late is not removed.
            stalled_worker_timeout=6 * self._silence_seconds,
        )
        run = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]  # procrastinate declares no result
        beats = asyncio.create_task(self._heartbeats.run(worker))
        stopping = asyncio.create_task(stop.wait())
        self._running = True
        try:
            await asyncio.wait({run, beats, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for part in (run, beats):
                if part.done():
                    part.result()
                    log.warning("job_worker_ended", reason="a part of it failed; it is restarted")
        finally:
            self._running = False
            # procrastinate stops on cancellation: it fetches no more jobs and waits for those that run.
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            stopping.cancel()
            beats.cancel()

    async def _measure_once(self) -> None:
        connector = self._app.connector
        WAITING.clear()
        for row in await connector.execute_query_all_async(_MEASURE_QUEUES):
            WAITING.labels(row["queue_name"]).set(row["waiting"])
        state = await connector.execute_query_one_async(_MEASURE_STATE)
        FAILED.set(state["failed"])
        OLDEST.set(float(state["oldest"]))
        for row in await connector.execute_query_all_async(_MEASURE_SUCCESS):
            LAST_SUCCESS.labels(row["task_name"]).set(float(row["at"]))


async def observe(process: Any, context: JobContext, _worker: Any) -> Any:
    """Give each job a trace, metrics and one log line; a procrastinate middleware."""
    started, outcome = time.perf_counter(), "ok"
    task = context.job.task_name
    with telemetry.span(f"job {task}"), telemetry.bind_request(f"job-{context.job.id}"):
        try:
            return await process()
        except (JobAborted, asyncio.CancelledError):
            outcome = "aborted"
            raise
        except Exception as error:
            outcome = "failed"
            log.exception("job_failed", task=task, attempt=context.job.attempts, problem=type(error).__name__)
            raise
        finally:
            seconds = time.perf_counter() - started
            RUN.labels(task, outcome).observe(seconds)
            telemetry.canonical(kind="job", name=task, outcome=outcome, duration_ms=seconds * 1000, attempt=context.job.attempts)
