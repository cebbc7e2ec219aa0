"""Fakes of messages, which are kept as they were sent."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from identity.application.messages.views import MessageContent
from identity.domain.message import Channel, Letter, Message, Template

if TYPE_CHECKING:
    from services.identity.tests.fakes.unit_of_work import Store


@dataclass
class FakeTransport:
    """Takes every letter, or raises `problem`."""

    problem: Exception | None = None
    delivered: list[Letter] = field(default_factory=list)

    async def deliver(self, letter: Letter) -> None:
        if self.problem:
            raise self.problem
        self.delivered.append(letter)


@dataclass
class SentMessage:
    message: Message
    to: str
    facts: dict[str, str | int]

    @property
    def template(self) -> Template:
        return self.message.template

    @property
    def content(self) -> MessageContent:
        message = self.message
        return MessageContent(message.id, message.user_id, message.template, self.to, self.facts, datetime.now(UTC))


class FakeMessages:
    """Keeps what is sent; `sent` of the unit of work tells it once it is committed."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    async def send(self, user_id: UUID, template: Template, /, *, to: str | None = None, **facts: str | int) -> bool:
        profile = self._store.profiles.get(user_id)
        own = (profile.phone if template.channel is Channel.SMS else profile.email) if profile else None
        if recipient := to or own:
            message = Message(
                uuid4(), user_id, template, recipient_index=b"", sealed=b"sealed", sealed_for_subject=profile is not None
            )
            self._store.messages.append(SentMessage(message, recipient, facts))
        return recipient is not None

    async def lock(self, message_id: UUID) -> Message | None:
        return next((sent.message for sent in self._store.messages if sent.message.id == message_id), None)

    async def queue(self, message_id: UUID) -> None:
        raise NotImplementedError(f"delivery of {message_id}: only a database has jobs")

    async def forget(self, user_id: UUID) -> None:
        for sent in self._store.messages:
            if sent.message.user_id == user_id:
                sent.message.sealed = None
