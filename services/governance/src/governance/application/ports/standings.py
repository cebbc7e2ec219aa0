from typing import Protocol
from uuid import UUID

from governance.domain.standing import Standing


class StandingRepository(Protocol):
    async def guard(self) -> None:
        """Become the only transaction that may change role permissions or role assignments, except first roles.

        Call it before locking any role or subject.
        """

    async def permissions_of_able(self) -> frozenset[str]:
        """Return the permissions that users who are able to act have by roles without limits.

        The result includes the changes of this transaction. It is exact only under the guard.
        """

    async def find(self, subject_id: UUID) -> Standing | None:
        """Find a user's recorded standing. It changes only under the guard."""

    def add(self, standing: Standing) -> None: ...
