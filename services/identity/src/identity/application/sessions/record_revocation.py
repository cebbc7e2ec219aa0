from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.revocations import Revocations


@dataclass(frozen=True, slots=True)
class RecordRevocation:
    """Put an ended session on the list that gateways load at their start. Repeating it changes nothing."""

    revocations: Revocations

    async def __call__(self, *, session_id: UUID, ended_at: datetime) -> None:
        """Raise Unavailable if the list cannot be reached. The message is then redelivered."""
        await self.revocations.add(session_id, ended_at=ended_at)
