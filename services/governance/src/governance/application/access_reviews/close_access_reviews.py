from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.application.access_reviews import audit
from governance.application.access_reviews.authority import of_review
from governance.application.access_reviews.each import count_each
from governance.application.access_reviews.notices import review_completed
from governance.application.access_reviews.views import ReviewSchedule
from governance.application.access_reviews.withdrawing import administration_kept, settle_line, withdraw_line
from governance.application.ports.access_reviews import ReportSigner
from governance.application.ports.transaction import UnitOfWork
from governance.domain.access_review import Capacity, Decider, LineOutcome, ReviewLine, ReviewStatus
from governance.domain.errors import LastAdministrator, LastOrganizationAdministrator
from kernel.actor import Actor
from kernel.canonical_json import canonical
from kernel.clock import Clock

# The guard is held for so many revocations, some hundred milliseconds.
BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class CloseAccessReviews:
    """Close the campaigns whose deadline has come, or whose lines are all decided: withdraw what is open, and sign the report.

    Each step is a transaction that looks again at what it changes, so that a run that is cut off, or two at the same time,
    withdraw each line once and make one report.
    """

    uow: UnitOfWork
    schedule: ReviewSchedule
    signer: ReportSigner
    clock: Clock

    async def __call__(self, *, actor: Actor) -> int:
        """Return how many campaigns were completed."""
        due = await self.schedule.to_close(self.clock.now())
        return await count_each(due, lambda each: self._end(of_review(actor, each.organization_id), each.review_id))

    async def _end(self, actor: Actor, review_id: UUID) -> bool:
        if not await self._close(actor, review_id):
            return False
        while numbers := await self.schedule.open_lines(review_id, limit=BATCH):
            await self._withdraw(actor, review_id, numbers)
        return await self._complete(actor, review_id)

    async def _close(self, actor: Actor, review_id: UUID) -> bool:
        """Let nobody decide any more. Return False if the campaign has ended in the meantime."""
        async with self.uow.begin(actor) as tx:
            review = await tx.access_reviews.lock(review_id)
            if review is None or not review.is_open:
                return False
            if review.is_running:
                with tx.change(audit.REVIEW, review, "close", at=self.clock.now()):
                    review.close()
            return True

    async def _withdraw(self, actor: Actor, review_id: UUID, numbers: Sequence[int]) -> None:
        try:
            await self._withdraw_all(actor, review_id, numbers)
        except (LastAdministrator, LastOrganizationAdministrator) as refusal:
            if len(numbers) == 1:
                await self._retain(actor, review_id, numbers[0], str(refusal.code))
                return
            # One of them is the last administrator; the others are withdrawn.
            for number in numbers:
                await self._withdraw(actor, review_id, [number])

    async def _withdraw_all(self, actor: Actor, review_id: UUID, numbers: Sequence[int]) -> None:
        async with self.uow.begin(actor) as tx, administration_kept(tx, actor.organization_id, self.clock) as at:
            decider = Decider(actor.subject_id, Capacity.DEADLINE, at, "not confirmed by the deadline")
            for line in _open(await tx.access_reviews.lock_lines(review_id, numbers)):
                if not await withdraw_line(tx, line, LineOutcome.UNCONFIRMED, decider):
                    settle_line(tx, line, LineOutcome.ENDED, decider._replace(reason="the person did not have the role any more"))

    async def _retain(self, actor: Actor, review_id: UUID, number: int, refusal: str) -> None:
        async with self.uow.begin(actor) as tx:
            reason = f"not confirmed, but withdrawing it was refused ({refusal})"
            decider = Decider(actor.subject_id, Capacity.DEADLINE, self.clock.now(), reason)
            for line in _open(await tx.access_reviews.lock_lines(review_id, [number])):
                settle_line(tx, line, LineOutcome.RETAINED, decider)

    async def _complete(self, actor: Actor, review_id: UUID) -> bool:
        async with self.uow.begin(actor) as tx:
            review = await tx.access_reviews.lock(review_id)
            if review is None or review.status is not ReviewStatus.CLOSING:
                return False
            at = self.clock.now()
            statement = review.result(await tx.access_reviews.lines(review_id), at=at)
            report = self.signer.sign(canonical(statement))
            await tx.access_reviews.keep_key(report.key_id, self.signer.public_key, at=at)
            with tx.change(audit.REVIEW, review, "complete", at=at):
                review.complete(report, at=at)
            tx.announce(review_completed(review, at=at))
            return True


def _open(lines: Sequence[ReviewLine]) -> list[ReviewLine]:
    return [line for line in lines if line.outcome is LineOutcome.OPEN]
