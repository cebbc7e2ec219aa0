from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.notices import audit
from identity.application.notices.inform_person import inform_person
from identity.application.ports.notices import RecipientDirectory
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.domain.errors import UnknownRecipients
from identity.domain.notice_request import NoticeRequest
from kernel.actor import Actor
from kernel.clock import Clock

BATCH: Final = 100
# A wider audience is for an announcement, not for a notice.
PEOPLE_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class InformPeople:
    """Carry out a request: list a notice for each person and mail it to those who want it now.

    Each batch is one transaction, which also records how far the request is. A run that was killed goes on from there.
    """

    uow: UnitOfWork
    recipients: RecipientDirectory
    clock: Clock
    batch: int = BATCH

    async def __call__(self, *, request_id: UUID) -> None:
        """Raise Unavailable if the recipients cannot be read now. The job then runs again."""
        while request := await self._open_request(request_id):
            try:
                people = await self.recipients.page(request.recipient, after=request.informed_up_to, limit=self.batch)
            except UnknownRecipients as error:
                await self._inform(request, (), failure=error.code)
            else:
                await self._inform(request, people)

    async def _open_request(self, request_id: UUID) -> NoticeRequest | None:
        async with self.uow.begin(Actor.service("identity")) as tx:
            request = await tx.notice_requests.lock(request_id)
            return request if request and request.is_open else None

    async def _inform(self, seen: NoticeRequest, people: Sequence[UUID], *, failure: str | None = None) -> None:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            request = await tx.notice_requests.lock(seen.id)
            # Another run informed these people meanwhile.
            if request is None or not request.is_open or request.informed_up_to != seen.informed_up_to:
                return
            informed = await self._inform_batch(tx, request, people, at)
            request.advance(last=people[-1] if people else None, informed=informed)
            if request.informed >= PEOPLE_MAX and len(people) == self.batch:
                failure = "too_many_people"
            if failure or len(people) < self.batch:
                request.complete(at=at, failure=failure)
            tx.record(audit.request_advanced(request, informed=informed, at=at))

    async def _inform_batch(self, tx: Transaction, request: NoticeRequest, people: Sequence[UUID], at: datetime) -> int:
        found = await tx.notices.recipients(people, at=at) if people else ()
        return sum([await inform_person(tx, request, person, at=at) for person in found])
