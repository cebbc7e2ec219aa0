"""Approvals as they are stored, and decisions that were interrupted before their deed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.approvals.unfinished import GRACE
from chassis.persistence.database import Database
from kernel.actor import Actor, ActorKind
from kernel.approval_ports import Deciders
from kernel.approvals import ApprovalAsked, DeciderVote, Outcome
from kernel.errors import DomainError
from payments.wiring.approvals import decide_transfer, execute_decided
from services.payments.tests.contract.bank import Bank


class FakeDeciders:
    """Deciders who may still decide, unless `refusal` is set."""

    def __init__(self) -> None:
        self.refusal: DomainError | None = None
        self.asked: list[UUID] = []

    async def require(self, asked: ApprovalAsked, votes: Sequence[DeciderVote]) -> None:  # the port's
        self.asked += [vote.by for vote in votes]
        if self.refusal:
            raise self.refusal


@dataclass(frozen=True)
class Deciding:
    """Decides on transfers without carrying the decision out, and runs the job that does."""

    bank: Bank
    deciders: FakeDeciders

    async def decide(self, transfer_id: str, outcome: Outcome = Outcome.APPROVED) -> None:
        """Record a decision of staff, as a request that is killed before the deed."""
        staff = Actor(kind=ActorKind.USER, subject_id=str(self.bank.staff_id))
        decide = decide_transfer(self.bank.dependencies)
        await decide._decide(staff, UUID(transfer_id), outcome, "seen")  # the crash is after this transaction

    async def run_job(self, deciders: Deciders | None = None) -> int:
        """Run the job half a minute later, when it takes over from requests."""
        given = self.bank.dependencies
        self.bank.wait(seconds=GRACE.total_seconds())
        execute = execute_decided(
            settings=given.settings,
            database=given.database,
            screening=given.screening,
            standings=given.standings,
            memberships=given.memberships,
            deciders=deciders or self.deciders,
            clock=given.clock,
        )
        return await execute()


async def approvals_of(database: Database, resource_id: str) -> list[Any]:
    query = text("SELECT * FROM approvals WHERE resource_id = :id ORDER BY asked_at, id")
    async with database.read() as connection:
        return list(await connection.execute(query, {"id": resource_id}))


async def decisions_on(database: Database, approval_id: UUID) -> list[Any]:
    query = text("SELECT * FROM approval_decisions WHERE approval_id = :id ORDER BY number")
    async with database.read() as connection:
        return list(await connection.execute(query, {"id": approval_id}))
