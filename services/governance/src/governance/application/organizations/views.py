from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class MembershipViews(Protocol):
    async def organizations_of(self, subject_id: UUID, *, limit: int) -> Sequence[UUID]:
        """Return the organizations that a subject is a member of, in the order of joining."""
