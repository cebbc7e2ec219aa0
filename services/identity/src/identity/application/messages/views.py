"""The read models of messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.message import Template


@dataclass(frozen=True, slots=True)
class MessageContent:
    """A message that waits or was kept, with its content opened."""

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
        """Open a message. Return None if it was sent or given up, or if its key is gone."""

    async def delivered_messages(self, recipient: str | None, limit: int) -> Sequence[MessageContent]:
        """Open the delivered messages that were kept (only locally), newest first."""
