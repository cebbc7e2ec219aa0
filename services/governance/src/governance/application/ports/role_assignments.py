from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.limited_role import LimitedHolder
from governance.domain.role_holder import RoleHolder


class RoleHolderRepository(Protocol):
    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        """Find a subject and lock its id until the transaction ends, even if the subject is not registered yet."""

    async def permissions_of(self, subject_id: UUID, *, at: datetime, planned: bool = False) -> frozenset[str]:
        """Return the permissions that a subject has everywhere by its roles, and those of the default role, which everybody has.

        Roles with an end count until then, and `planned` ones before they start. A role for one organization does not count. The
        result includes the changes of this transaction. It is exact only under the guard.
        """

    def add(self, holder: RoleHolder) -> None: ...


class LimitedHolderRepository(Protocol):
    async def lock(self, subject_id: UUID) -> LimitedHolder | None:
        """Find a subject with limited roles, and lock its id as `RoleHolderRepository.lock` does."""

    def add(self, holder: LimitedHolder) -> None: ...
