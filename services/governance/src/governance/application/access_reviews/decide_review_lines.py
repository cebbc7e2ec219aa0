from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.authority import (
    ReviewAuthority,
    of_review,
    require_administrator_now,
    require_authority_over_line,
)
from governance.application.access_reviews.withdrawing import administration_kept, settle_line, withdraw_line
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.domain.access_review import Capacity, Decider, LineOutcome, ReviewLine
from governance.domain.errors import UnknownLine
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class DecideReviewLines:
    """Keep or withdraw what lines of a running campaign are about, all of them or none.

    What is withdrawn is revoked at once. What is kept can be withdrawn until the campaign closes. A line stays open if the person
    does not have the role at present: it may be granted again.
    """

    uow: UnitOfWork
    authority: ReviewAuthority
    clock: Clock

    async def __call__(
        self, *, actor: Actor, review_id: UUID, keep: Collection[int], withdraw: Collection[int], reason: str | None
    ) -> Sequence[ReviewLine]:
        """Raise NotFound, UnknownLine for a line that the actor cannot decide, OwnAccess, ReviewClosed, or LineDecided.

        An administrator was one at the start (LateAdministrator) and needs authority over the person (BeyondAuthority); the
        person's manager has the authority of the campaign. Raise LastAdministrator or LastOrganizationAdministrator if nobody
        could manage what the role is for.
        """
        review = await self.authority.find(actor, review_id)
        is_administrator = await self.authority.is_administrator(actor, review.organization_id)
        asked = _Asked(keep=frozenset(keep), withdraw=frozenset(withdraw), reason=reason)
        async with (
            self.uow.begin(of_review(actor, review.organization_id)) as tx,
            administration_kept(tx, review.organization_id, self.clock) as at,
        ):
            return await _decide(tx, actor, review_id, asked, is_administrator=is_administrator, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    keep: frozenset[int]
    withdraw: frozenset[int]
    reason: str | None

    @property
    def lines(self) -> frozenset[int]:
        return self.keep | self.withdraw


async def _decide(
    tx: Transaction, actor: Actor, review_id: UUID, asked: _Asked, *, is_administrator: bool, at: datetime
) -> Sequence[ReviewLine]:
    managed = await tx.access_reviews.managed_by(review_id, actor.user_id, asked.lines)
    if not is_administrator:
        _require_all(asked.lines, managed)
    review = await tx.access_reviews.share(review_id)
    if review is None:
        raise NotFound(review_id=review_id)
    review.require_running(at)
    lines = await tx.access_reviews.lock_lines(review_id, asked.lines)
    _require_all(asked.lines, {line.number for line in lines})
    held = await tx.access_reviews.held_lines(review_id, asked.keep, at=at)
    if asked.lines - managed:
        await require_administrator_now(tx, actor, review, organization_id=review.organization_id, at=at)
    unchanged = []
    for line in lines:
        capacity = Capacity.MANAGER if line.number in managed else Capacity.ADMINISTRATOR
        if capacity is Capacity.ADMINISTRATOR:
            await require_authority_over_line(tx, actor, line, at=at)
        decider = Decider(actor.subject_id, capacity, at, asked.reason)
        is_changed = (
            await _withdraw(tx, line, decider)
            if line.number in asked.withdraw
            else _keep(tx, line, decider, is_held=line.number in held)
        )
        if not is_changed:
            unchanged.append(line.subject_id)
    if unchanged:
        # The response shows these lines, and no other audit fact records that they were read.
        tx.record(audit.read_of_lines(review_id, unchanged).fact(at=at))
    return lines


async def _withdraw(tx: Transaction, line: ReviewLine, decider: Decider) -> bool:
    """Return False if it was withdrawn before, or the person does not have it."""
    if line.outcome is LineOutcome.WITHDRAWN:
        return False
    line.require_decidable()
    return await withdraw_line(tx, line, LineOutcome.WITHDRAWN, decider)


def _keep(tx: Transaction, line: ReviewLine, decider: Decider, *, is_held: bool) -> bool:
    """Return False if it was kept before, or the person does not have it."""
    line.require_decidable()
    if not is_held or line.is_confirmed_for(decider.capacity):
        return False
    settle_line(tx, line, LineOutcome.KEPT, decider)
    return True


def _require_all(numbers: frozenset[int], found: Collection[int]) -> None:
    if missing := sorted(numbers - set(found)):
        raise UnknownLine(lines=missing)
