"""The ports of messages to addresses without an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.address_message import AddressMessage


@dataclass(frozen=True, slots=True)
class AddressedText:
    """The content of a message. It never appears in a log."""

    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return "AddressedText()"


@dataclass(frozen=True, slots=True)
class DeliveredText:
    """A delivered message that was kept, opened."""

    id: UUID
    template: str
    content: AddressedText
    queued_at: datetime


class AddressMessages(Protocol):
    def seal(self, caller: str, key: str, template: str, content: AddressedText, *, at: datetime) -> AddressMessage:
        """Make a message, sealed under a new key."""

    def open(self, message: AddressMessage) -> AddressedText: ...

    async def add(self, message: AddressMessage) -> AddressMessage:
        """Store a message and queue its delivery. Return the earlier one of the same caller and key, if any."""

    async def count_to_same(self, message: AddressMessage, *, since: datetime) -> int:
        """Count the messages to the same mailbox, with this one. Others to it wait until the transaction ends."""

    async def lock(self, message_id: UUID) -> AddressMessage | None: ...

    async def queue(self, message_id: UUID) -> None:
        """Queue the delivery of a message again."""

    async def purge(self, before: datetime, *, limit: int) -> int:
        """Delete what is left of messages that were queued before a time."""


class AddressMessageBook(Protocol):
    """What jobs look for."""

    async def expired_address_messages(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        """Return the messages that still have content after their time."""

    async def left_address_messages(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        """Return the messages queued before a time that have content and no job."""

    async def delivered_to_addresses(self, recipient: str | None, limit: int) -> Sequence[DeliveredText]:
        """Open the newest delivered messages that were kept (only locally), newest first; those to `recipient`, if given."""
