"""What the worker and the jobs do with a requested notice, one step at a time."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.messaging.contracts import Subscription, spec_of
from chassis.messaging.failure import Failure
from chassis.messaging.handlers import Handlers
from chassis.messaging.notices import notice_requested
from chassis.messaging.outages import Outages
from chassis.messaging.reports import Outcome
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.testing.clocks import ControlledClock
from elcorp.platform.v1 import events_pb2
from identity.application.erasures.acknowledge_erasure import AcknowledgeErasure
from identity.application.factors.record_changed_factors import RecordChangedFactors
from identity.application.messages.texts import letter
from identity.application.notices.inform_people import InformPeople
from identity.application.notices.purge_notices import PurgeNotices
from identity.application.notices.receive_notice_request import ReceiveNoticeRequest
from identity.application.notices.resume_notice_requests import ResumeNoticeRequests
from identity.application.notices.send_due_mail import SendDueMail
from identity.application.sessions.record_revocation import RecordRevocation
from identity.domain.message import Letter, Template
from identity.interfaces.subscriptions import subscriptions
from identity.settings import IdentitySettings
from identity.wiring.adapters import erasure_unit_of_work, notice_request_unit_of_work, unit_of_work
from kernel.ids import new_id
from kernel.notices import NoticeRequested, Recipient, Urgency
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.fakes.recipients import FakeRecipients
from services.identity.tests.fakes.revocations import FakeRevocations
from services.identity.tests.stored import views_of

REFUSED = "payments.planned_transfer_refused"
FACTS = {"amount": "250.00 NAD", "due_on": "2026-03-21", "reason": "Insufficient funds.", "schedule_id": str(UUID(int=7))}

_QUEUED = text(
    """
    SELECT args->>'notice_request_id' AS request FROM procrastinate_jobs
    WHERE task_name = 'identity:inform_people' ORDER BY id
    """
)


def requested(
    recipient: Recipient,
    *,
    at: datetime,
    key: str = "one",
    template: str = REFUSED,
    urgency: Urgency = Urgency.NORMAL,
    facts: Mapping[str, str] = FACTS,
) -> events_pb2.NoticeRequested:
    """Make the message of a service, by default of payments about a planned transfer."""
    event = NoticeRequested(occurred_at=at, template=template, recipient=recipient, key=key, facts=facts, urgency=urgency)
    return notice_requested(event)


@dataclass
class NoticeSteps:
    settings: IdentitySettings
    database: Database
    clock: ControlledClock
    recipients: FakeRecipients

    async def receive(
        self, message: events_pb2.NoticeRequested, *, producer: str = "payments", message_id: UUID | None = None
    ) -> Outcome | Failure:
        """Handle a message as the worker does, which has no master key."""
        keyless = IdentitySettings(database_url=self.settings.database_url)
        receive = ReceiveNoticeRequest(
            uow=notice_request_unit_of_work(keyless, self.database), recipients=self.recipients, clock=self.clock
        )
        revocations = FakeRevocations()
        acknowledge = AcknowledgeErasure(erasure_unit_of_work(keyless, self.database), self.clock)
        consumed = subscriptions(RecordRevocation(revocations), RecordChangedFactors(revocations), acknowledge, receive)
        by_type = {spec_of(each.message_class).type: each for each in consumed if isinstance(each, Subscription)}
        event_type = spec_of(events_pb2.NoticeRequested).type
        delivery = Delivery(
            message_id=message_id or new_id(),
            type=event_type,
            producer=producer,
            occurred_at=self.clock.now(),
            message=message,
        )
        return await Handlers(by_type, Outages(time.monotonic)).run(delivery)

    def inform_people(self, *, batch: int = 100) -> InformPeople:
        return InformPeople(unit_of_work(self.settings, self.database), self.recipients, self.clock, batch=batch)

    async def inform(self, *, batch: int = 100) -> None:
        """Carry out every queued request."""
        for request_id in await self.queued():
            await self.inform_people(batch=batch)(request_id=request_id)

    async def notify(self, recipient: Recipient, **of: Any) -> None:
        """Receive a request and carry it out."""
        assert await self.receive(requested(recipient, at=self.clock.now(), **of)) is Outcome.HANDLED
        await self.inform()

    async def send_due(self) -> int:
        return await SendDueMail(unit_of_work(self.settings, self.database), views_of(self.database).notices, self.clock)()

    async def resume(self) -> int:
        uow, book = unit_of_work(self.settings, self.database), views_of(self.database).notices
        return await ResumeNoticeRequests(uow, book, self.clock)()

    async def purge(self) -> int:
        return await PurgeNotices(unit_of_work(self.settings, self.database), self.clock)()

    async def queued(self) -> Sequence[UUID]:
        """Return the requests that have a job, in the order of the jobs."""
        async with self.database.read() as connection:
            return [UUID(row.request) for row in await connection.execute(_QUEUED)]

    async def letters(self) -> Sequence[Letter]:
        """Return the mails of notices that are queued, as they would be sent, oldest first."""
        of_notices = {Template.NOTICE, Template.NOTICE_DIGEST}
        return [letter(each) for each in await mail(self.database) if each.template in of_notices]
