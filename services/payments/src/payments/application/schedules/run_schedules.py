from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.business_time import BusinessCalendar
from kernel.clock import Clock
from kernel.errors import DomainError, Kind
from payments.application.ports.bulk_transfers import RuleRefresher
from payments.application.ports.payer_rights import Authority, Payer
from payments.application.ports.transfers import Request, Settled
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.schedules import audit
from payments.application.schedules.aligned_schedules import align
from payments.application.schedules.notices import planned_transfer_refused
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import PostBatch, QueuedRequest
from payments.domain.schedule import Run, Schedule

BATCH: Final = 200
_PASSING: Final = frozenset({Kind.UNAVAILABLE, Kind.INTERNAL, Kind.EXHAUSTED})


@dataclass(frozen=True, slots=True)
class RunSchedules:
    """Make every transfer that is due, for payers who may pay now, in their current roles.

    Occurrences that an outage delayed are made later, one after another; those during a pause are not. If the process is
    killed after making transfers but before recording them, the next run finds them by their keys.
    """

    uow: UnitOfWork
    post: PostBatch
    rules: RuleRefresher
    authority: Authority
    clock: Clock
    calendar: BusinessCalendar

    async def __call__(self) -> int:
        """Return how many were due. Raise Unavailable if they must be retried."""
        done = 0
        while found := await self._due():
            if not (due := await self._still_due(found)):
                continue
            await self.rules.refresh()
            run = await self._run(due)
            done += run
            if run < len(due):
                # A dependency is unavailable: the rest waits for the next run.
                break
        return done

    async def _due(self) -> Sequence[tuple[Schedule, Actor]]:
        async with self.uow.begin(Actor.service("payments")) as tx:
            return await tx.schedules.due(self.clock.now(), limit=BATCH)

    async def _still_due(self, found: Sequence[tuple[Schedule, Actor]]) -> Sequence[tuple[Schedule, Actor]]:
        """Leave out, and move, occurrences whose day was closed since they were last aligned."""
        at = self.clock.now()
        due = [one for one in found if one[0].is_due(at, self.calendar)]
        if early := [schedule.id for schedule, _ in found if not schedule.is_due(at, self.calendar)]:
            async with self.uow.begin(Actor.service("payments"), audited=False) as tx:
                await align(tx, early, self.calendar, at)
        return due

    async def _run(self, due: Sequence[tuple[Schedule, Actor]]) -> int:
        answers = await self.authority.authorize({_payer(schedule) for schedule, _ in due})
        permitted: list[tuple[Schedule, Actor]] = []
        refused: list[tuple[Schedule, DomainError]] = []
        for schedule, actor in due:
            answer = answers[_payer(schedule)]
            if isinstance(answer, DomainError):
                refused.append((schedule, answer))
            else:
                permitted.append((schedule, replace(actor, roles=answer)))
        if refused:
            await self._refuse(refused)
        return len(refused) + (await self._make(permitted) if permitted else 0)

    async def _refuse(self, refused: Sequence[tuple[Schedule, DomainError]]) -> None:
        at = self.clock.now()
        keys = {schedule.id: (schedule.initiator_id, schedule.transfer_order().key) for schedule, _ in refused}
        async with self.uow.begin(Actor.service("payments")) as tx:
            # An earlier run, killed before it recorded them, made them while the payer still could.
            made = await tx.transfers.find_by_keys(list(keys.values()))
        runs: dict[UUID, Run] = {}
        for schedule, refusal in refused:
            transfer = made.get(keys[schedule.id])
            runs[schedule.id] = _run_of(schedule, [Settled(transfer, replayed=True)] if transfer else refusal, at)
        await self._write_down(runs, at)

    async def _make(self, due: Sequence[tuple[Schedule, Actor]]) -> int:
        context = copy_context()
        requests = [Request((schedule.transfer_order(),), actor, is_planned=True) for schedule, actor in due]
        try:
            outcomes = await self.post([QueuedRequest(request, context) for request in requests])
        except DomainError:
            raise
        except Exception:
            if len(due) == 1:
                raise
            return await self._run_alone(due)
        at = self.clock.now()
        runs = {
            schedule.id: _run_of(schedule, outcome, at)
            for (schedule, _), outcome in zip(due, outcomes, strict=True)
            if not (isinstance(outcome, DomainError) and outcome.kind in _PASSING)
        }
        await self._write_down(runs, at)
        return len(runs)

    async def _run_alone(self, due: Sequence[tuple[Schedule, Actor]]) -> int:
        """Run each by itself after one broke their common transaction. At the end, raise the errors together."""
        done, broken = 0, []
        for one in due:
            try:
                done += await self._make([one])
            except Exception as failure:  # noqa: BLE001  # raised below, together
                broken.append(failure)
        if broken:
            raise ExceptionGroup("scheduled transfers could not be made", broken)
        return done

    async def _write_down(self, runs: dict[UUID, Run], at: datetime) -> None:
        async with self.uow.begin(Actor.service("payments")) as tx:
            changed: list[Schedule] = []
            for schedule in await tx.schedules.lock(list(runs)):
                run = runs[schedule.id]
                # It was cancelled meanwhile, or recorded by another worker; its transfer remains.
                if not schedule.is_open or schedule.next_number != run.number:
                    continue
                with tx.change(audit.SCHEDULE, schedule, "run", at=at):
                    schedule.record(run, self.calendar)
                if run.code:
                    tx.announce(planned_transfer_refused(schedule, run, at=at))
                changed.append(schedule)
            await tx.schedules.save(changed, [(schedule.id, runs[schedule.id]) for schedule in changed])


def _run_of(schedule: Schedule, outcome: Outcome, at: datetime) -> Run:
    if schedule.next_at is None:
        raise RuntimeError(f"schedule {schedule.id} is not due")
    number, due_at = schedule.next_number, schedule.next_at
    planned_at = schedule.order.due(number) or due_at
    if isinstance(outcome, DomainError):
        return Run(number=number, planned_at=planned_at, due_at=due_at, run_at=at, code=outcome.code, message=outcome.message)
    [settled] = outcome
    return Run(number=number, planned_at=planned_at, due_at=due_at, run_at=at, transfer_id=settled.transfer.id)


def _payer(schedule: Schedule) -> Payer:
    return Payer(schedule.initiator_id, schedule.organization_id)
