from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.notices import review_asked, review_reminder
from governance.application.access_reviews.views import ReviewSchedule
from governance.application.organizations.authority import within
from governance.application.ports.transaction import UnitOfWork
from governance.domain.access_review import REMINDED_BEFORE, AccessReview
from governance.domain.role import MANAGE_ROLES
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.notices import NoticeRequested, Recipient

Notice: TypeAlias = Callable[..., NoticeRequested]


@dataclass(frozen=True, slots=True)
class AskReviewers:
    """Inform those who can decide open lines, by a notice: when a campaign has started, and before its deadline.

    For lines of people without a manager, those who can run the campaign are informed.
    """

    uow: UnitOfWork
    schedule: ReviewSchedule
    clock: Clock

    async def __call__(self, *, actor: Actor) -> int:
        """Return for how many campaigns people were informed."""
        informed = 0
        for review_id in await self.schedule.to_ask():
            informed += await self._inform(actor, review_id, reminds=False)
        for review_id in await self.schedule.to_remind(deadline_before=self.clock.now() + REMINDED_BEFORE):
            informed += await self._inform(actor, review_id, reminds=True)
        return informed

    async def _inform(self, actor: Actor, review_id: UUID, *, reminds: bool) -> bool:
        asked = [(Recipient.person(each.manager_id), each.open_lines) for each in await self.schedule.managers_asked(review_id)]
        unmanaged = await self.schedule.without_manager(review_id)
        async with self.uow.begin(actor) as tx:
            review = await tx.access_reviews.lock(review_id)
            if review is None or not review.is_running or (review.reminded_at if reminds else review.asked_at):
                return False
            at = self.clock.now()
            if unmanaged:
                asked += [(recipient, unmanaged) for recipient in await self._administrators(review)]
            with tx.change(audit.REVIEW, review, "remind" if reminds else "ask", at=at):
                review.remind(at=at) if reminds else review.ask(at=at)
            notice: Notice = review_reminder if reminds else review_asked
            for recipient, lines in asked:
                tx.announce(notice(review, recipient, lines, at=at), actor=within(actor, review.organization_id))
            return True

    async def _administrators(self, review: AccessReview) -> Sequence[Recipient]:
        if review.organization_id is None:
            return [Recipient.holders_of_permission(MANAGE_ROLES)]
        return [Recipient.person(each) for each in await self.schedule.administrators_of(review.organization_id)]
