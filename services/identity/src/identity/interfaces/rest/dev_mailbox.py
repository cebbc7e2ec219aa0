"""The messages to users, for a developer to read. Only a local environment serves this."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query

from chassis.rest import ONE_LINE, Envelope, Public, ResponseModel, Router, envelope
from identity.application.messages.texts import letter
from identity.application.messages.views import MessageContent
from identity.application.ports.address_messages import DeliveredText
from identity.domain.message import Channel
from identity.interfaces.rest.dependencies import App
from kernel.reads import NOBODY

dev = Router(prefix="/dev", tags=["dev"])


class MailResponse(ResponseModel):
    id: UUID
    channel: str
    to: str
    template: str
    subject: str
    text: str
    facts: Mapping[str, str | int]
    queued_at: datetime

    @classmethod
    def of(cls, content: MessageContent | DeliveredText) -> Self:
        if isinstance(content, DeliveredText):
            return cls.to_address(content)
        written = letter(content)
        return cls(
            id=content.id,
            channel=written.channel.value,
            to=written.to,
            template=content.template.value,
            subject=written.subject,
            text=written.text,
            facts=dict(content.facts),
            queued_at=content.queued_at,
        )

    @classmethod
    def to_address(cls, delivered: DeliveredText) -> Self:
        content = delivered.content
        return cls(
            id=delivered.id,
            channel=Channel.EMAIL.value,
            to=content.to,
            template=delivered.template,
            subject=content.subject,
            text=content.text,
            facts={},
            queued_at=delivered.queued_at,
        )


class MailboxResponse(ResponseModel):
    items: list[MailResponse]


# A local environment has no real people.
@dev.get("/mailbox", dependencies=[Public], include_in_schema=False, reads=NOBODY)
async def read_mailbox(
    app: App, recipient: Annotated[str | None, Query(min_length=3, max_length=254), ONE_LINE] = None
) -> Envelope[MailboxResponse]:
    """List delivered messages, newest first."""
    contents = await app.messages.list_delivered_messages(recipient=recipient)
    return envelope(MailboxResponse(items=[MailResponse.of(content) for content in contents]))
