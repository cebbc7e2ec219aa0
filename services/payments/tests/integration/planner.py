"""A payer who schedules transfers, on a real database."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from kernel.money import Money
from payments.application.issuances.issue_money import IssueMoney
from payments.application.schedules.cancel_schedule import CancelSchedule
from payments.application.schedules.pause_schedule import PauseSchedule
from payments.application.schedules.plan_transfer import PlannedSchedule, PlanTransfer
from payments.application.schedules.resume_schedule import ResumeSchedule
from payments.application.schedules.run_schedules import RunSchedules
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import QueuedRequest
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.account import Account
from payments.domain.payer_policy import PayerPolicy
from payments.domain.schedule import Frequency, Schedule, StandingOrder
from payments.infrastructure.group_commit import GroupCommit
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.payment_permissions import FakePaymentPermissions
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.rules import NoRules
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.posting import posting
from services.payments.tests.usual import CALENDAR


class Killed(BaseException):
    """The process was killed."""


class Planner:
    """A payer with 100.00 and a payee."""

    def __init__(self, uow: SqlUnitOfWork[SqlPaymentsTransaction]) -> None:
        self.uow, self.clock, self.screening = uow, ControlledClock(), FakeScreening()
        self.prices, self.authority = FakePrices(), FakeAuthority()
        self.post = posting(uow, self.screening, self.clock, self.prices)
        self.plan_transfer = PlanTransfer(
            uow=uow,
            wallets=self,
            signatures=FakeSignatures(),
            payment_permissions=FakePaymentPermissions(),
            policy=PayerPolicy({"NAD": Decimal(1000)}),
            calendar=CALENDAR,
            clock=self.clock,
        )
        self.pause_schedule = PauseSchedule(uow=uow, clock=self.clock)
        self.resume_schedule = ResumeSchedule(uow=uow, calendar=CALENDAR, clock=self.clock)
        self.cancel_schedule = CancelSchedule(uow=uow, clock=self.clock)
        self.dies = False
        self.run = RunSchedules(uow, self._post, NoRules(), self.authority, self.clock, CALENDAR)
        self.payer, self.source, self.target = new_id(), new_id(), new_id()
        self.actor = Actor(kind=ActorKind.USER, subject_id=str(self.payer), roles=frozenset({"user"}), ip="192.0.2.7")

    async def open(self) -> "Planner":
        open_wallet = OpenIssuedWallet(self.uow, self.clock)
        for wallet, owner in ((self.source, self.payer), (self.target, new_id())):
            await open_wallet(actor=Actor.service("test"), wallet_id=wallet, owner_id=owner, currency="NAD")
        issue = IssueMoney(GroupCommit(self.post))
        await issue(actor=self.actor, key="issue", wallet_id=self.source, amount=Money.of("100", "NAD"), reason="test")
        return self

    async def _post(self, waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        outcomes = await self.post(waiting)
        if self.dies:
            self.dies = False
            raise Killed
        return outcomes

    async def of(self, wallet_ids: Sequence[UUID]) -> dict[UUID, Account]:
        owners = {self.source: self.payer, self.target: new_id()}
        return {
            id_: Account.open_wallet(wallet_id=id_, owner_id=owners[id_], currency="NAD", at=self.clock.now())
            for id_ in wallet_ids
            if id_ in owners
        }

    def order(self, amount: str = "10.00", currency: str = "NAD", **changes: Any) -> StandingOrder:
        values = {
            "source_id": self.source,
            "target_id": self.target,
            "amount": Money.of(amount, currency),
            "frequency": Frequency.DAILY,
            "starts_at": self.clock.now() + timedelta(hours=1),
            **changes,
        }
        return StandingOrder(**values)

    async def plan(self, order: StandingOrder, *, key: str = "k", actor: Actor | None = None) -> PlannedSchedule:
        return await self.plan_transfer(actor=actor or self.actor, key=key, order=order)

    async def read(self, schedule_id: UUID) -> Schedule:
        async with self.uow.begin(self.actor) as tx:
            [found] = await tx.schedules.lock([schedule_id])
            return found

    async def balance(self) -> float:
        """Return what the payee has, in whole dollars."""
        async with self.uow.begin(self.actor) as tx:
            return float((await tx.accounts.lock([self.target]))[self.target].balance)

    def pass_time(self, **of: float) -> None:
        self.clock.advance(seconds=timedelta(**of).total_seconds())
