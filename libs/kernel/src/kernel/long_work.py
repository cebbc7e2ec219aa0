"""Long work: what takes longer than a request may, with one vocabulary for every service.

A use case queues it, a worker does it step by step, and people follow it, cancel it, or resume it after a failure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, Self
from uuid import UUID

from kernel.errors import DomainError, Kind
from kernel.ids import new_id

# JSON values: text, whole numbers, truth values, lists and objects of them.
Json = Mapping[str, object]

MESSAGE_LENGTH_MAX: Final = 300
ERROR_LENGTH_MAX: Final = 1000
# A worker that dies in each run would otherwise be followed by the next one for ever.
RUNS_MAX: Final = 20


class WorkState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    # It stops at its next checkpoint.
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        return self in _OPEN


_OPEN: Final = frozenset({WorkState.QUEUED, WorkState.RUNNING, WorkState.CANCELLING})


class WorkEnded(DomainError):
    """The work has ended."""

    kind = Kind.CONFLICT
    code = "RES_007"
    disclosed = ("state",)


class NotResumable(DomainError):
    """Only failed work can be resumed, and only if it says that it can be."""

    kind = Kind.CONFLICT
    code = "RES_008"
    disclosed = ("state",)


class TooManyRuns(DomainError):
    """The work was started too often without coming to an end."""

    code = "SRV_001"


class WorkCancelled(Exception):
    """Raised at a checkpoint of work that is to be cancelled."""


class WorkTakenOver(Exception):
    """Raised at a checkpoint of a run whose work another worker has taken over, or that has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobName:
    """A background job that can be queued by its name. The `jobs` process has its code, and checks at its start that it does."""

    task: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far work is. `total` is None while it is unknown; `rate` counts per second; `remaining_seconds` is an estimate."""

    state: WorkState
    done: int
    total: int | None
    rate: float | None
    remaining_seconds: int | None

    @classmethod
    def measure(
        cls,
        *,
        state: WorkState,
        done: int,
        total: int | None,
        since: datetime | None,
        until: datetime | None,
        uncounted: int = 0,
    ) -> Self:
        """Measure the speed of a run from `since` to its latest news, `until`. It did not do the `uncounted` of `done`."""
        rate = _rate(done - uncounted, since, until)
        left = None if total is None else max(total - done, 0)
        remaining = round(left / rate) if left is not None and rate and state is WorkState.RUNNING else None
        return cls(state=state, done=done, total=total, rate=round(rate, 1) if rate else None, remaining_seconds=remaining)


def _rate(done: int, since: datetime | None, until: datetime | None) -> float | None:
    if since is None or until is None or done <= 0:
        return None
    seconds = (until - since).total_seconds()
    return done / seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One report of a run."""

    done: int
    total: int | None
    message: str = ""
    checkpoint: Json | None = None


@dataclass(eq=False, kw_only=True)
class LongWork:
    """One piece of long work.

    `requested_by` is the subject id of who asked for it. `exclusive` names what at most one open work may do at a time. `done`
    never decreases, also when a run begins again. `checkpoint` is where the next run continues. `attempts` counts the runs, and
    names the current one. `result` is small; `error_code` and `error` say why it failed.
    """

    id: UUID
    kind: str
    requested_by: str
    created_at: datetime
    updated_at: datetime
    arguments: Json
    exclusive: str | None = None
    can_resume: bool = True
    state: WorkState = WorkState.QUEUED
    done: int = 0
    total: int | None = None
    message: str = ""
    checkpoint: Json | None = None
    result: Json | None = None
    error_code: str | None = None
    error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    # The current run: when it began, and how much was done by then.
    run_at: datetime | None = None
    run_done: int = 0
    attempts: int = 0
    # The attempts of before it was last resumed.
    attempts_before: int = 0
    version: int = 1

    @classmethod
    def ask(
        cls, kind: str, *, requested_by: str, at: datetime, arguments: Json | None = None, exclusive: str | None = None
    ) -> Self:
        return cls(
            id=new_id(),
            kind=kind,
            requested_by=requested_by,
            created_at=at,
            updated_at=at,
            arguments=arguments or {},
            exclusive=exclusive,
        )

    @property
    def is_open(self) -> bool:
        return self.state.is_open

    @property
    def is_resumable(self) -> bool:
        return self.state is WorkState.FAILED and self.can_resume

    @property
    def progress(self) -> Progress:
        return Progress.measure(
            state=self.state,
            done=self.done,
            total=self.total,
            since=self.run_at,
            until=self.updated_at,
            uncounted=self.run_done,
        )

    def begin(self, at: datetime) -> None:
        """Begin a run: the first, one after a crash, or one after a failure. Raise WorkEnded or TooManyRuns."""
        self._require_open()
        if self.attempts - self.attempts_before >= RUNS_MAX:
            raise TooManyRuns(work_id=self.id, attempts=self.attempts)
        self.attempts += 1
        if self.state is WorkState.QUEUED:
            self.state = WorkState.RUNNING
        self.started_at = self.started_at or at
        self.run_at, self.run_done = at, self.done
        self._changed(at)

    def cancel(self, at: datetime) -> None:
        """Cancel queued work at once, and running work at its next checkpoint. Raise WorkEnded."""
        self._require_open()
        if self.state is WorkState.QUEUED:
            self.stop(at)
        else:
            self.state = WorkState.CANCELLING
            self._changed(at)

    def reach(self, reached: Reached) -> None:
        """Note the last report of a run that ends; `done` never decreases."""
        self._require_open()
        self.done = max(self.done, reached.done)
        self.total = None if reached.total is None else max(reached.total, self.done)
        self.message = reached.message[:MESSAGE_LENGTH_MAX]
        self.checkpoint = self.checkpoint if reached.checkpoint is None else reached.checkpoint

    def stop(self, at: datetime) -> None:
        """End cancelled work."""
        self._end(WorkState.CANCELLED, at)

    def succeed(self, result: Json, at: datetime) -> None:
        """End the work with its result. Work that is to be cancelled ends as cancelled, as its caller expects."""
        if self.state is WorkState.CANCELLING:
            self.stop(at)
            return
        self._end(WorkState.SUCCEEDED, at)
        self.result = result
        self.total = self.done

    def fail(self, code: str, error: str, at: datetime) -> None:
        if self.state is WorkState.CANCELLING:
            self.stop(at)
            return
        self._end(WorkState.FAILED, at)
        self.error_code, self.error = code, error[:ERROR_LENGTH_MAX]

    def resume(self, at: datetime) -> None:
        """Queue failed work again; it continues from its checkpoint. Raise NotResumable."""
        if not self.is_resumable:
            raise NotResumable(work_id=self.id, state=self.state)
        self.state, self.error_code, self.error, self.finished_at = WorkState.QUEUED, None, None, None
        self.attempts_before = self.attempts
        self._changed(at)

    def _end(self, state: WorkState, at: datetime) -> None:
        self._require_open()
        self.state, self.finished_at = state, at
        self._changed(at)

    def _changed(self, at: datetime) -> None:
        self.updated_at, self.version = at, self.version + 1

    def _require_open(self) -> None:
        if not self.is_open:
            raise WorkEnded(work_id=self.id, state=self.state)


class WorkRun(Protocol):
    """One run of long work, as its steps see it."""

    @property
    def work(self) -> LongWork:
        """The work as it was when the run began, with the checkpoint to continue from."""

    async def progress(self, done: int, *, total: int | None, message: str = "", checkpoint: Json | None = None) -> None:
        """Report how far the work is. Most reports cost nothing. Raise WorkCancelled or WorkTakenOver.

        The next run continues from the last checkpoint that was written, so a checkpoint must also be right if it is old.
        """
