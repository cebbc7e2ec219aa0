"""The read models of messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.message import Template


@dataclass(frozen=True, slots=True)
class MessageContent:
    """A message that waits, or that was kept, opened."""

    id: UUID
    user_id: UUID
    template: Template
    to: str
    facts: Mapping[str, str | int]
    queued_at: datetime

    def __repr__(self) -> str:
        return f"MessageContent(id={self.id}, template={self.template})"


class MessageViews(Protocol):
    async def waiting_message(self, message_id: UUID) -> MessageContent | None:
        """Open a message; None when it has gone out, was given up, or nothing opens it any more."""

    async def delivered_messages(self, recipient: str | None, limit: int) -> Sequence[MessageContent]:
        """Open the messages that were delivered and kept (only locally), newest first."""
