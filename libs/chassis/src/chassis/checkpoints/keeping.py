"""Receive the audit log's checkpoints, keep some of them, and raise an alarm if they contradict each other."""

import asyncio
from collections import deque
from typing import Final

from prometheus_client import Counter, Gauge

from chassis.checkpoints.received import NotCheckpoint, Received, Recollection, Verdict, read
from chassis.checkpoints.table import CheckpointTable
from chassis.errors import as_domain_error
from chassis.persistence.delivery import Delivery
from chassis.telemetry import log
from chassis.waiting import Backoff, sleep_unless, wait_any
from elcorp.compliance.v1 import events_pb2
from kernel.clock import Clock, SystemClock
from kernel.errors import Kind

# Announcements that wait while the database is unavailable: eight minutes of them. The oldest are dropped.
WAITING_MAX: Final = 1_000

CONTRADICTIONS = Counter("checkpoint_contradictions", "Checkpoints that contradict an earlier one: the audit log was changed.")
REFUSED = Counter("checkpoints_refused", "Announced checkpoints that were not kept, because they are none or of another log.")
SIZE = Gauge("checkpoint_received_size", "The size of the largest checkpoint of the audit log that was received.")


class CheckpointKeeping:
    """Keep the newest checkpoint once every `pause_seconds`, and contradictions at once.

    While no further checkpoint arrives, the last one is kept when the pause ends.
    """

    def __init__(self, table: CheckpointTable, *, pause_seconds: float, clock: Clock | None = None) -> None:
        self._table = table
        self._clock = clock or SystemClock()
        self._pause_seconds = pause_seconds
        self._elapsed = self._clock.elapsed
        self._arrived = asyncio.Event()
        self._waiting: deque[Received] = deque(maxlen=WAITING_MAX)
        self._recollection: Recollection | None = None
        self._pending: Received | None = None
        self._kept_at: float | None = None
        self._evidence: list[tuple[Verdict, Received, Received]] = []
        self._alarmed_at: dict[Verdict, float] = {}

    def receive(self, delivery: Delivery[events_pb2.CheckpointSigned]) -> None:
        """Take an announcement, and return at once. What is not a checkpoint is refused."""
        try:
            self._waiting.append(read(delivery, now=self._clock.now()))
        except NotCheckpoint as error:
            REFUSED.inc()
            log.warning("checkpoint_refused", reason=str(error), message_id=str(delivery.message_id))
        self._arrived.set()

    def listening(self) -> None:
        """Take note that announcements arrive from now on."""
        log.info("listening_for_checkpoints")

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            self._arrived.clear()
            try:
                await self.settle()
            except Exception as error:
                if as_domain_error(error).kind is not Kind.UNAVAILABLE:
                    raise
                log.warning("checkpoint_not_kept", reason=type(error).__name__)
                await sleep_unless(stop, backoff.next())
            else:
                backoff.reset()
                await wait_any(stop, self._arrived, seconds=self._seconds_left() if self._pending else None)

    async def settle(self) -> None:
        """Judge what has arrived. Store contradictions, and the newest checkpoint if the pause has ended."""
        if self._recollection is None:
            self._recollection = Recollection(await self._table.newest())
        while self._waiting:
            self._judge(self._waiting.popleft(), self._recollection)
        while self._evidence:
            await self._keep_evidence(*self._evidence[0])
            self._evidence.pop(0)
        if self._pending and self._seconds_left() <= 0:
            await self._table.keep([self._pending])
            self._pending, self._kept_at = None, self._elapsed()

    def _judge(self, received: Received, recollection: Recollection) -> None:
        verdict, earlier = recollection.judge(received)
        if verdict is Verdict.NEW:
            self._pending = received
            SIZE.set(received.size)
        elif verdict is Verdict.OTHER_ORIGIN:
            REFUSED.inc()
            log.warning("checkpoint_refused", reason="it is of another log", origin=received.origin[:100])
        elif earlier:
            CONTRADICTIONS.inc()
            # After a log was set back, all its checkpoints contradict the newest one, until it has that size again.
            alarmed_at = self._alarmed_at.get(verdict)
            if alarmed_at is None or self._elapsed() - alarmed_at >= self._pause_seconds:
                self._alarmed_at[verdict] = self._elapsed()
                self._evidence.append((verdict, earlier, received))

    async def _keep_evidence(self, verdict: Verdict, earlier: Received, received: Received) -> None:
        await self._table.keep([earlier, received])
        log.error(
            "checkpoint_contradiction",
            kind=verdict.value,
            earlier_note=earlier.note,
            note=received.note,
            what="the audit log was changed: run `python -m compliance fsck` with the checkpoints of this service",
        )

    def _seconds_left(self) -> float:
        return 0.0 if self._kept_at is None else max(0.0, self._kept_at + self._pause_seconds - self._elapsed())
