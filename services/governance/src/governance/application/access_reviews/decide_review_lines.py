from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.access_reviews.authority import ReviewAuthority
from governance.application.access_reviews.views import AccessReviewViews
from governance.application.access_reviews.withdrawing import administration_kept, settle_line, withdraw_line
from governance.application.organizations.authority import within
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.standings.authority import require_authority_over, require_authority_within
from governance.domain.access_review import Capacity, Decider, LineOutcome, ReviewLine
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class DecideReviewLines:
    """Keep or withdraw what lines of a running campaign are about, all of them or none.

    What is withdrawn is revoked at once. What is kept can be withdrawn until the campaign closes. An assignment that has ended in
    the meantime is neither: its line says so.
    """

    uow: UnitOfWork
    views: AccessReviewViews
    authority: ReviewAuthority
    clock: Clock

    async def __call__(
        self, *, actor: Actor, review_id: UUID, keep: Collection[int], withdraw: Collection[int], reason: str | None
    ) -> Sequence[ReviewLine]:
        """Raise NotFound for a line that the actor cannot decide, OwnAccess, ReviewClosed, or LineDecided.

        An administrator who withdraws needs authority over the person (BeyondAuthority); the person's manager has it from the
        campaign. Raise LastAdministrator or LastOrganizationAdministrator if nobody could manage what the role is for.
        """
        review = await self.authority.find(actor, review_id)
        asked = _Asked(keep=frozenset(keep), withdraw=frozenset(withdraw), reason=reason)
        managed = frozenset(await self.views.managed_by(review_id, actor.user_id, asked.lines))
        if not await self.authority.is_administrator(actor, review.organization_id):
            _require_all(asked.lines, managed)
        async with self.uow.begin(within(actor, review.organization_id)) as tx:
            if not withdraw:
                return await _decide(tx, actor, review_id, asked, managed, at=self.clock.now())
            async with administration_kept(tx, review.organization_id, self.clock) as at:
                return await _decide(tx, actor, review_id, asked, managed, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    keep: frozenset[int]
    withdraw: frozenset[int]
    reason: str | None

    @property
    def lines(self) -> frozenset[int]:
        return self.keep | self.withdraw


async def _decide(
    tx: Transaction, actor: Actor, review_id: UUID, asked: _Asked, managed: frozenset[int], *, at: datetime
) -> Sequence[ReviewLine]:
    review = await tx.access_reviews.share(review_id)
    if review is None:
        raise NotFound(review_id=review_id)
    review.require_running(at)
    lines = await tx.access_reviews.lock_lines(review_id, asked.lines)
    _require_all(asked.lines, {line.number for line in lines})
    existing = await tx.access_reviews.existing([line.assignment_id for line in lines])
    for line in lines:
        capacity = Capacity.MANAGER if line.number in managed else Capacity.ADMINISTRATOR
        decider = Decider(actor.subject_id, capacity, at, asked.reason)
        if line.number in asked.withdraw:
            await _withdraw(tx, actor, line, decider)
        else:
            line.require_decidable()
            settle_line(tx, line, LineOutcome.KEPT if line.assignment_id in existing else LineOutcome.ENDED, decider)
    return lines


async def _withdraw(tx: Transaction, actor: Actor, line: ReviewLine, decider: Decider) -> None:
    if line.outcome in {LineOutcome.WITHDRAWN, LineOutcome.ENDED}:
        return
    line.require_decidable()
    line.require_other(decider.by)
    if decider.capacity is Capacity.ADMINISTRATOR and line.organization_id:
        await require_authority_within(tx, actor, line.subject_id, organization_id=line.organization_id, at=decider.at)
    elif decider.capacity is Capacity.ADMINISTRATOR:
        await require_authority_over(tx, actor, line.subject_id, at=decider.at)
    await withdraw_line(tx, line, LineOutcome.WITHDRAWN, decider)


def _require_all(numbers: frozenset[int], found: Collection[int]) -> None:
    if missing := sorted(numbers - set(found)):
        raise NotFound(field="lines", lines=missing)
