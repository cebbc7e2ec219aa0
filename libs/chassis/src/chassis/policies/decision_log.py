"""The decision log of a process: a bounded queue between the policy engine and what writes the decisions down."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import replace
from typing import Final

import structlog
from prometheus_client import Counter

from chassis.policies.decisions import Decision
from chassis.waiting import sleep_unless

log = structlog.get_logger()

QUEUED_MAX: Final = 10_000
# Requests are served between this many lines: rendering one takes some 30 µs.
BATCH: Final = 50
CLOSING_SECONDS: Final = 2.0

_LOGGED = Counter("policy_decisions_logged_total", "Policy decisions written to the decision log")
_DROPPED = Counter("policy_decisions_dropped_total", "Policy decisions missing from the decision log, by reason", ["reason"])

Write = Callable[[Sequence[Decision]], Awaitable[None]]


async def write_lines(decisions: Sequence[Decision]) -> None:
    """Write each decision as a log line."""
    for number, decision in enumerate(decisions, 1):
        write_line(decision)
        if number % BATCH == 0:
            await asyncio.sleep(0)


def write_line(decision: Decision) -> None:
    log.info(
        "policy_decision",
        decision="allow" if decision.allowed else "deny",
        permission=decision.permission,
        actor=decision.principal_id,
        actor_kind=decision.principal_kind,
        resource_type=decision.resource_type,
        resource_id=decision.resource_id,
        facts=sorted(decision.inputs.facts),
        policies=list(decision.policies),
        shadow_policies=list(decision.shadow),
        policy_errors=decision.errors,
        bundle_version=decision.bundle_version,
        decided_at=decision.at.isoformat(),
        request_id=decision.request_id,
        trace_id=decision.trace_id,
        times=decision.count,
    )


class DecisionLog:
    """The DecisionSink of a process. A slow or failing writer neither delays nor fails decisions: the log then lacks some.

    What is missing is counted, by reason: "full" while the writer is too slow, "failed" after an error of the writer, "closed"
    if it was too slow at the end of the process. Decisions are written by a task that lives while any wait.

    With `gather_seconds`, a batch waits this long for more decisions, unless it has `batch_max` or the process ends. Equal
    denials that wait together become one, so that a client that asks again and again neither fills the queue nor the log.
    """

    def __init__(
        self,
        write: Write = write_lines,
        *,
        queued_max: int = QUEUED_MAX,
        batch_max: int = BATCH,
        gather_seconds: float = 0,
    ) -> None:
        self._write = write
        self._queued_max = queued_max
        self._batch_max = batch_max
        self._gather_seconds = gather_seconds
        self._queue: deque[Decision] = deque()
        # How often each denial that waits was made.
        self._denials: dict[object, int] = {}
        self._writing: asyncio.Task[None] | None = None
        self._gathered = asyncio.Event()
        self._closing = False

    def record(self, decision: Decision) -> None:
        """Queue a decision, within an event loop; drop and count it if the queue is full."""
        is_folded = self._gather_seconds > 0 and not decision.allowed
        if is_folded and (denial := _denial(decision)) in self._denials:
            self._denials[denial] += 1
            return
        if len(self._queue) >= self._queued_max:
            _DROPPED.labels("full").inc()
            return
        self._queue.append(decision)
        if is_folded:
            self._denials[denial] = 1
        if len(self._queue) >= self._batch_max:
            self._gathered.set()
        if self._writing is None:
            # In an empty context, or the lines would have the request id of the request that started the task.
            self._writing = asyncio.get_running_loop().create_task(self._write_all(), name="decision-log", context=Context())

    async def close(self, *, seconds_max: float = CLOSING_SECONDS) -> None:
        """Write what waits, for at most `seconds_max`."""
        self._closing = True
        self._gathered.set()
        if self._writing:
            await asyncio.wait([self._writing], timeout=seconds_max)
        if self._writing:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        if self._queue:
            _DROPPED.labels("closed").inc(_number(self._take(len(self._queue))))

    async def _write_all(self) -> None:
        try:
            while self._queue:
                await self._gather()
                await self._write_some(self._take(self._batch_max))
                await asyncio.sleep(0)
        finally:
            self._writing = None

    async def _gather(self) -> None:
        if self._gather_seconds and len(self._queue) < self._batch_max and not self._closing:
            self._gathered.clear()
            await sleep_unless(self._gathered, self._gather_seconds)

    def _take(self, number: int) -> Sequence[Decision]:
        taken = [self._queue.popleft() for _ in range(min(number, len(self._queue)))]
        if not self._denials:
            return taken
        return [each if each.allowed else replace(each, count=self._denials.pop(_denial(each))) for each in taken]

    async def _write_some(self, batch: Sequence[Decision]) -> None:
        try:
            await self._write(batch)
        except asyncio.CancelledError:
            _DROPPED.labels("closed").inc(_number(batch))
            raise
        except Exception as error:  # noqa: BLE001  # whatever fails, decisions continue, and their number is reported
            _DROPPED.labels("failed").inc(_number(batch))
            log.warning("policy_decisions_not_logged", decisions=_number(batch), error=type(error).__name__)
        else:
            _LOGGED.inc(_number(batch))


def _denial(decision: Decision) -> object:
    """Return what equal denials have in common: everything but their time and their inputs."""
    return (
        decision.principal_kind,
        decision.principal_id,
        decision.permission,
        decision.resource_type,
        decision.resource_id,
        decision.policies,
        decision.errors,
    )


def _number(decisions: Sequence[Decision]) -> int:
    return sum(decision.count for decision in decisions)
