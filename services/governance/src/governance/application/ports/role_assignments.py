from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.limited_role import LimitedHolder
from governance.domain.role_holder import RoleHolder


class RoleHolderRepository(Protocol):
    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        """Find a subject and lock its id until the transaction ends, even if the subject is not registered yet."""

    async def permissions_of(
        self,
        subject_id: UUID,
        *,
        at: datetime,
        planned: bool = False,
        lasting: bool = False,
        until: datetime | None = None,
    ) -> frozenset[str]:
        """Return the permissions that a subject has everywhere by its roles, and those of the default role, which everybody has.

        Roles with an end count until then, and `planned` ones before they start. With `lasting`, only roles count that the
        subject has until `until`, or without an end. A role for one organization does not count. The result includes the changes
        of this transaction. It is exact only under the guard.
        """

    async def permissions_within(
        self,
        subject_id: UUID,
        organization_id: UUID,
        *,
        at: datetime,
        planned: bool = False,
        lasting: bool = False,
        until: datetime | None = None,
    ) -> frozenset[str]:
        """Return the permissions that a subject has by roles for an organization as a whole, in the same way."""

    def add(self, holder: RoleHolder) -> None: ...


class LimitedHolderRepository(Protocol):
    async def lock(self, subject_id: UUID) -> LimitedHolder | None:
        """Find a subject with limited roles, and lock its id as `RoleHolderRepository.lock` does."""

    async def of_team(self, team_id: UUID) -> Sequence[UUID]:
        """Return the subjects with a role that is limited to a team, in the order of their ids."""

    def add(self, holder: LimitedHolder) -> None: ...
