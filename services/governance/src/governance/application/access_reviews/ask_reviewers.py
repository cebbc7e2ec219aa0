from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.authority import of_review
from governance.application.access_reviews.each import count_each
from governance.application.access_reviews.notices import review_asked, review_reminder
from governance.application.access_reviews.views import ReviewSchedule, Scheduled
from governance.application.ports.transaction import UnitOfWork
from governance.domain.access_review import REMINDED_AFTER, REMINDED_BEFORE
from governance.domain.role import MANAGE_ROLES
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.notices import NoticeRequested, Recipient

Notice: TypeAlias = Callable[..., NoticeRequested]


@dataclass(frozen=True, slots=True)
class AskReviewers:
    """Inform those who can decide open lines, by a notice: when a campaign has started, and before its deadline.

    For lines of people without a manager, those who manage the organization are informed, or managers of roles.
    """

    uow: UnitOfWork
    schedule: ReviewSchedule
    clock: Clock

    async def __call__(self, *, actor: Actor) -> int:
        """Return for how many campaigns people were informed."""
        asked = await count_each(await self.schedule.to_ask(), lambda each: self._inform(actor, each, reminds=False))
        now = self.clock.now()
        due = await self.schedule.to_remind(deadline_before=now + REMINDED_BEFORE, asked_before=now - REMINDED_AFTER)
        return asked + await count_each(due, lambda each: self._inform(actor, each, reminds=True))

    async def _inform(self, actor: Actor, scheduled: Scheduled, *, reminds: bool) -> bool:
        asked = await self._asked(scheduled)
        async with self.uow.begin(of_review(actor, scheduled.organization_id)) as tx:
            review = await tx.access_reviews.lock(scheduled.review_id)
            if review is None or not review.is_running or (review.reminded_at if reminds else review.asked_at):
                return False
            at = self.clock.now()
            with tx.change(audit.REVIEW, review, "remind" if reminds else "ask", at=at):
                review.remind(at=at) if reminds else review.ask(at=at)
            notice: Notice = review_reminder if reminds else review_asked
            for recipient, lines in asked:
                tx.announce(notice(review, recipient, lines, at=at))
            return True

    async def _asked(self, scheduled: Scheduled) -> Sequence[tuple[Recipient, int]]:
        """Return each recipient with the number of lines to decide."""
        review_id, organization_id = scheduled
        people = list(await self.schedule.managers_asked(review_id))
        if organization_id:
            people += await self.schedule.administrators_asked(review_id, organization_id)
        lines: Counter[UUID] = Counter()
        for subject_id, open_lines in people:
            lines[subject_id] += open_lines
        asked = [(Recipient.person(subject_id), count) for subject_id, count in lines.items()]
        if left := await self.schedule.without_administrator(review_id, organization_id):
            asked.append((Recipient.holders_of_permission(MANAGE_ROLES), left))
        return asked
