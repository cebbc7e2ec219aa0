from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id
from payments.application.ports.bulk import Wallets
from payments.application.ports.schedules import SCHEDULES_OPEN_MAX
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.schedules import facts
from payments.domain.errors import TooManySchedules
from payments.domain.parties import require_plannable
from payments.domain.payer_policy import PayerPolicy
from payments.domain.schedule import Schedule, StandingOrder


@dataclass(frozen=True, slots=True)
class Planned:
    schedule: Schedule
    replayed: bool


@dataclass(frozen=True, slots=True)
class PlanTransfer:
    """Plan a transfer for later, once or again and again; repeating a key returns the first schedule."""

    uow: UnitOfWork
    wallets: Wallets
    policy: PayerPolicy
    clock: Clock

    async def __call__(self, *, actor: Actor, key: str, order: StandingOrder) -> Planned:
        """Raise what a transfer by itself would for its wallets and payer; InvalidValue, TooManySchedules."""
        schedule_id, at = new_id(), self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Before anything else: repeated later, its start may have passed and its wallets have changed.
            if earlier := await tx.schedules.find_by_key(actor.user_id, key):
                return Planned(earlier.confirm_replay(order), replayed=True)
        schedule = Schedule.plan(order, schedule_id=schedule_id, initiator_id=actor.user_id, key=key, at=at)
        transfer = schedule.transfer_order()
        self.policy.require_assurance((transfer.amount,), actor=actor, at=at)
        self.policy.require_signature(transfer)
        require_plannable(transfer, await self.wallets.of([order.source_id, order.target_id]))
        async with self.uow.begin(actor) as tx:
            if earlier := await tx.schedules.find_by_key(actor.user_id, key):
                return Planned(earlier.confirm_replay(order), replayed=True)
            if await tx.schedules.count_open(actor.user_id) >= SCHEDULES_OPEN_MAX:
                raise TooManySchedules(most=SCHEDULES_OPEN_MAX)
            await tx.schedules.add(schedule, actor)
            tx.record(facts.planned(schedule))
            for event in schedule.collect():
                tx.announce(event)
        return Planned(schedule, replayed=False)
