from typing import Protocol
from uuid import UUID

from governance.domain.role_holder import RoleHolder


class RoleHolderRepository(Protocol):
    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        """Find a subject and lock its id until the transaction ends, also when nothing is known of it yet."""

    async def permissions_of(self, subject_id: UUID) -> frozenset[str]:
        """Return what a subject's roles permit, and what the default role does: everybody may that.

        With the changes of this transaction. What roles permit is exact only under the guard.
        """

    def add(self, holder: RoleHolder) -> None: ...
