from typing import Protocol
from uuid import UUID

from governance.domain.role_holder import RoleHolder


class RoleHolderRepository(Protocol):
    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        """Find a subject and lock its id until the transaction ends, even if the subject is not registered yet."""

    async def permissions_of(self, subject_id: UUID) -> frozenset[str]:
        """Return the permissions of a subject's roles and of the default role, which apply to everybody.

        The result includes the changes of this transaction. It is exact only under the guard.
        """

    def add(self, holder: RoleHolder) -> None: ...
