from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from governance.domain.membership import Membership


class MembershipRepository(Protocol):
    async def lock_of(self, subject_id: UUID) -> Sequence[Membership]:
        """Lock all memberships of a person, in the order of the organizations' ids."""

    async def remove(self, membership: Membership) -> None: ...
