from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kernel.actor import Actor
from kernel.business_time import BusinessCalendar
from kernel.clock import Clock
from kernel.ids import new_id
from payments.application.ports.accounts import AccountLookup
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.ports.schedules import SCHEDULES_OPEN_MAX
from payments.application.ports.signatures import Signatures
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.schedules import audit
from payments.domain.approval import ApprovalRule, ApprovalRules, Outflow
from payments.domain.errors import TooManySchedules
from payments.domain.parties import require_plannable
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import PayerRequest, PayerRules
from payments.domain.payment_permission import Source
from payments.domain.schedule import Schedule, StandingOrder
from payments.domain.transfer_order import Signature, TransferOrder, require_callers_key


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    schedule: Schedule
    replayed: bool


@dataclass(frozen=True, slots=True)
class PlanTransfer:
    """Schedule a transfer, once or repeatedly. Repeating a key returns the first schedule."""

    uow: UnitOfWork
    wallets: AccountLookup
    signatures: Signatures
    payment_permissions: PaymentPermissions
    policy: PayerPolicy
    calendar: BusinessCalendar
    clock: Clock

    async def __call__(
        self, *, actor: Actor, key: str, order: StandingOrder, signature: Signature | None = None
    ) -> PlannedSchedule:
        """Raise what the transfer itself would raise for its wallets and payer, InvalidValue, or TooManySchedules."""
        require_callers_key(key)
        schedule_id, at = new_id(), self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Look up the key first: when a request is repeated, its start may have passed and its wallets may have changed.
            if earlier := await self._find(tx, actor, key, order):
                return earlier
        actor.require_admitted()
        schedule = Schedule.plan(
            order,
            schedule_id=schedule_id,
            initiator_id=actor.user_id,
            organization_id=actor.organization_id,
            key=key,
            calendar=self.calendar,
            at=at,
            signature=signature,
        )
        transfer = schedule.transfer_order()
        await self._require_proof(actor, schedule, transfer, at)
        async with self.uow.begin(actor) as tx:
            if earlier := await self._find(tx, actor, key, order):
                return earlier
            if await tx.schedules.count_open(actor.user_id) >= SCHEDULES_OPEN_MAX:
                raise TooManySchedules(most=SCHEDULES_OPEN_MAX)
            await tx.schedules.add(schedule, actor)
            tx.create(audit.PLANNED_SCHEDULE, schedule, "plan", at=schedule.created_at)
        return PlannedSchedule(schedule, replayed=False)

    async def _find(self, tx: Transaction, actor: Actor, key: str, order: StandingOrder) -> PlannedSchedule | None:
        """Claim the key in the transaction. Return the schedule of an earlier request with it, or raise KeyReused."""
        await tx.keys.claim(actor.user_id, key, beside=["schedules"], turns=[actor.acts_for])
        earlier = await tx.schedules.find_by_key(actor.user_id, key)
        if earlier is None:
            return None
        earlier.confirm_replay(order, organization_id=actor.organization_id)
        return PlannedSchedule(earlier.as_planned(self.calendar), replayed=True)

    async def _require_proof(self, actor: Actor, schedule: Schedule, transfer: TransferOrder, at: datetime) -> None:
        """Raise what its parties or the policies refuse, or what only the payer can provide, who is present now and not later."""
        accounts = await self.wallets.of([transfer.source_id, transfer.target_id])
        planned = require_plannable(transfer, accounts)
        if schedule.signature:
            await self.signatures.verify(schedule.signature, by=actor.user_id, texts=[schedule.signed_text])
        outflow = Outflow(
            kind=planned.kind,
            amount=planned.amount,
            source=Source.of(accounts[planned.source_id]),
            target_id=planned.target_id,
            owner_id=accounts[planned.target_id].owner_id,
        )
        request = PayerRequest(
            initiator_id=actor.user_id, actor=actor, outflows=[outflow], is_signed=schedule.signature is not None
        )
        # Whether an occurrence requires an approval is decided when it is made; then the policies are asked again.
        rules = PayerRules(self.policy, ApprovalRules(), self.payment_permissions.of_payments())
        rules.judge(request, sent=_nothing, at=at).require_proof()


def _nothing(_rule: ApprovalRule) -> Decimal:
    return Decimal(0)
