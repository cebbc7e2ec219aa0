from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identity.application.notices import audit
from identity.application.notices.templates import find_template
from identity.application.ports.notices import NoticeRequestUnitOfWork, RecipientKinds
from identity.domain.errors import InvalidNoticeKey, UnknownTemplate
from identity.domain.notice_request import NoticeRequest
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.notices import KEY_LENGTH_MAX, Recipient, Urgency


@dataclass(frozen=True, slots=True)
class ReceiveNoticeRequest:
    """Store a requested notice and queue the job that informs people. A repeated key stores nothing.

    A request that can never be carried out is refused here, so that it stays visible as a parked message.
    """

    uow: NoticeRequestUnitOfWork
    recipients: RecipientKinds
    clock: Clock

    async def __call__(
        self,
        *,
        producer: str,
        key: str,
        template: str,
        recipient: Recipient,
        facts: Mapping[str, str],
        urgency: Urgency,
        occurred_at: datetime,
    ) -> None:
        """Raise UnknownTemplate, WrongFacts, UnknownRecipients, InvalidValue or NoticeKeyReused."""
        if not 1 <= len(key) <= KEY_LENGTH_MAX:
            raise InvalidNoticeKey(length=len(key))
        found = find_template(template)
        if found.is_for_addresses:
            raise UnknownTemplate(template=template)
        found.require(facts)
        self.recipients.require(recipient)
        request = NoticeRequest.receive(
            producer=producer,
            key=key,
            template=template,
            recipient=recipient,
            facts=facts,
            urgency=urgency,
            occurred_at=occurred_at,
            at=self.clock.now(),
        )
        async with self.uow.begin(Actor.service("identity")) as tx:
            stored = await tx.notice_requests.add(request)
            if stored is request:
                tx.record(audit.request_received(request))
            else:
                stored.confirm_replay(request)
