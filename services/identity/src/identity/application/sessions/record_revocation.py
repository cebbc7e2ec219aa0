from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.revocations import Revocations


@dataclass(frozen=True, slots=True)
class RecordRevocation:
    """Put an ended session on the list that gateways start from; doing it twice changes nothing."""

    revocations: Revocations

    async def __call__(self, *, session_id: UUID, ended_at: datetime) -> None:
        """Raise Unavailable while the list cannot be reached: the message then comes again."""
        await self.revocations.add(session_id, ended_at=ended_at)
