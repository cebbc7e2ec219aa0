from typing import Protocol
from uuid import UUID

from governance.domain.standing import Standing


class StandingRepository(Protocol):
    async def guard(self) -> None:
        """Become the only transaction that may change role permissions or role assignments, except first roles.

        Call it before locking any role or subject.
        """

    async def somebody_able_has(self, permission: str) -> bool:
        """Return whether a user who is able to act has the permission by a role, including the changes of this transaction.

        The result is exact only under the guard.
        """

    async def find(self, subject_id: UUID) -> Standing | None:
        """Find a user's recorded standing. It changes only under the guard."""

    def add(self, standing: Standing) -> None: ...
