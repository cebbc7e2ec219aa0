"""The ports of messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.message import Letter, Message, Template


class MessageRepository(Protocol):
    async def send(self, user_id: UUID, template: Template, /, *, to: str | None = None, **facts: str | int) -> bool:
        """Queue a message in this transaction. It is sent only after the commit.

        It goes to the user's own address unless `to` gives another one. If the user has none, or that address may be another
        person's (`takes_mail`), it is not sent: return False after the same work. `facts` are shown in the message, such as
        `code="123456"`, and are sealed until it is sent.
        """

    async def lock(self, message_id: UUID) -> Message | None:
        """Find a message and lock it until the transaction ends."""

    async def queue(self, message_id: UUID) -> None:
        """Queue the delivery of a message again."""

    async def forget(self, user_id: UUID) -> None:
        """Delete the content of a user's messages. Those that wait are not sent."""


class LeftBehind(Protocol):
    async def left_behind(self, since: datetime, until: datetime, *, limit: int) -> Sequence[UUID]:
        """Return the notices queued within that time that have no job to deliver them, oldest first."""


class MessageTransport(Protocol):
    async def deliver(self, letter: Letter) -> None:
        """Send a letter. Raise Unavailable if a later attempt may succeed, Undeliverable if none will."""
