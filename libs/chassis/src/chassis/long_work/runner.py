"""Runs long work: begins a run, does its steps, and records its end once."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from chassis.long_work.repository import SqlLongWorks
from chassis.long_work.rows import JobRun
from chassis.long_work.run import SqlWorkRun
from chassis.persistence.database import Database
from chassis.telemetry import log
from kernel.actor import Actor
from kernel.audit import Audited, AuditFact
from kernel.clock import Clock
from kernel.errors import DomainError
from kernel.long_work import Json, LongWork, TooManyRuns, WorkCancelled, WorkRun, WorkTakenOver

_DEFECT: Final = "SRV_001"
_DEFECT_TEXT: Final = "The work failed by a defect of the platform; its operators have the details."

# Does the work, from the run's checkpoint on, and returns the result.
Steps = Callable[[WorkRun], Awaitable[Json]]


class WorkTransaction(Protocol):
    """The part of a service's transaction that runs need."""

    @property
    def works(self) -> SqlLongWorks: ...

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...


class WorkUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[WorkTransaction]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LongWorkRunner:
    """Runs one kind of long work. Its beginnings and its end are audit facts of `audited`."""

    kind: str
    service: str
    uow: WorkUnitOfWork
    database: Database
    audited: Audited[LongWork]
    steps: Steps
    clock: Clock

    async def __call__(self, work_id: UUID, job: JobRun, *, is_last: bool) -> str | None:
        """Run the work, and return its state at the end, or None if there was nothing to do.

        A failure before the job's last attempt is raised, so that the job is tried again, from the last checkpoint.
        """
        work = await self._begin(work_id, job)
        if work is None or not work.is_open:
            return work.state if work else None
        run = SqlWorkRun(work=work, job=job, database=self.database, clock=self.clock)
        try:
            result = await self.steps(run)
        except WorkTakenOver:
            log.warning("work_taken_over", kind=self.kind, work_id=str(work_id))
            return None
        except WorkCancelled:
            return await self._end(run, "stop", lambda found, at: found.stop(at))
        except Exception as error:
            if not is_last:
                raise
            code, text = _told(error)
            await self._end(run, "fail", lambda found, at: found.fail(code, text, at))
            raise
        return await self._end(run, "succeed", lambda found, at: found.succeed(result, at))

    async def _begin(self, work_id: UUID, job: JobRun) -> LongWork | None:
        async with self.uow.begin(self._actor) as tx:
            work = await tx.works.lock_for_run(self.kind, work_id, job)
            if work is None or not work.is_open:
                return work
            before, at = self.audited.state(work), self.clock.now()
            try:
                work.begin(at)
            except TooManyRuns as error:
                work.fail(*_told(error), at)
            await tx.works.save(work)
            tx.record(self.audited.fact(work, "begin", at=at, before=before, after=self.audited.state(work)))
            return work

    async def _end(self, run: SqlWorkRun, verb: str, change: Callable[[LongWork, datetime], None]) -> str | None:
        async with self.uow.begin(self._actor) as tx:
            work = await tx.works.lock_for_run(self.kind, run.work.id, run.job)
            if work is None or not work.is_open or work.attempts != run.work.attempts:
                log.warning("work_outcome_dropped", kind=self.kind, work_id=str(run.work.id))
                return None
            before, at = self.audited.state(work), self.clock.now()
            if run.reached:
                work.reach(run.reached)
            change(work, at)
            await tx.works.save(work)
            tx.record(self.audited.fact(work, verb, at=at, before=before, after=self.audited.state(work)))
            return work.state

    @property
    def _actor(self) -> Actor:
        return Actor.service(self.service)


def _told(error: Any) -> tuple[str, str]:
    """Return the code and the text that people may read: a domain error's own, and nothing of a defect."""
    if isinstance(error, DomainError) and error.code != _DEFECT:
        return error.code, error.message
    return _DEFECT, _DEFECT_TEXT if not isinstance(error, TooManyRuns) else error.message
