"""What messages need of the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.message import Letter, Message, Template


class Messages(Protocol):
    async def send(self, user_id: UUID, template: Template, /, *, to: str | None = None, **facts: str | int) -> bool:
        """Queue a message in this transaction; it leaves after the commit, and never without it.

        It goes to the user's own address unless `to` names another, and nowhere when the user has none or when that address
        may be another's (`takes_mail`): False then, after the same work. `facts` are what the message shows, such as
        `code="123456"`. Kept sealed until it has gone out.
        """

    async def lock(self, message_id: UUID) -> Message | None:
        """Find a message and lock it until the transaction ends."""

    async def queue(self, message_id: UUID) -> None:
        """Queue the delivery of a message again."""

    async def forget(self, user_id: UUID) -> None:
        """Drop what messages to a user still hold; those that wait are not sent."""


class LeftBehind(Protocol):
    async def left_behind(self, since: datetime, until: datetime, *, limit: int) -> Sequence[UUID]:
        """Return the notices queued within that time that have no job to deliver them, oldest first."""


class MessageTransport(Protocol):
    async def deliver(self, letter: Letter) -> None:
        """Hand a letter over; raises Unavailable when it may go through later, Undeliverable when it never will."""
