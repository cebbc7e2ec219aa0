from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.revocations import Revocations
from kernel.assurance import Factors


@dataclass(frozen=True, slots=True)
class RecordChangedFactors:
    """Put a change of a user's factors on the list that services read. Repeating it changes nothing."""

    revocations: Revocations

    async def __call__(self, *, user_id: UUID, factors: Factors, changed_at: datetime) -> None:
        """Raise Unavailable if the list cannot be reached. The message is then redelivered."""
        await self.revocations.change_factors(user_id, factors, changed_at=changed_at)
