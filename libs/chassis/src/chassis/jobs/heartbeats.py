"""Heartbeats of a worker, and the take-over of jobs whose worker has none."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from chassis.jobs.fenced_outcomes import FencedOutcomes
from chassis.telemetry import log

BEATS_A_SILENCE: Final = 5

# A worker that was silent for too long may have been removed; it registers again.
_BEAT: Final = """
    INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE VALUES (%(worker_id)s, now())
    ON CONFLICT (id) DO UPDATE SET last_heartbeat = excluded.last_heartbeat
"""


class Heartbeats:
    """Beats while a worker runs and while its last jobs finish, and takes over the jobs of workers that are silent.

    What interrupts the beats of this process, such as an unavailable database, may have interrupted those of others too. So it
    judges nobody until it has been beating without interruption for as long as others may be silent.
    """

    def __init__(self, jobs: FencedOutcomes, *, silence_seconds: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds_between = silence_seconds / BEATS_A_SILENCE
        self._jobs = jobs
        self._silence_seconds = silence_seconds
        self._monotonic = monotonic
        self._beat_at = monotonic()
        # After an outage, the first worker to start must not take the jobs of others that are about to beat.
        self._judges_at = self._beat_at + 2 * self.seconds_between

    async def run(self, worker: Worker) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(self.seconds_between)
            # It has no id before it has registered.
            if worker.worker_id is None:
                continue
            try:
                await self.beat(worker.worker_id)
            except (ConnectorException, psycopg.Error) as error:
                log.warning("job_heartbeat_failed", problem=type(error).__name__)

    async def beat(self, worker_id: int) -> None:
        """Record that this worker lives, then take over the jobs of those that do not."""
        await self._jobs.connector.execute_query_async(_BEAT, worker_id=worker_id)
        now = self._monotonic()
        if now - self._beat_at > self._silence_seconds / 2:
            self._judges_at = now + self._silence_seconds
        self._beat_at = now
        if now >= self._judges_at:
            await self._jobs.take_over(silence_seconds=self._silence_seconds)
