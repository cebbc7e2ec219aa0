from typing import Protocol
from uuid import UUID

from governance.domain.standing import Standing


class StandingRepository(Protocol):
    async def guard(self) -> None:
        """Become the only transaction that may change what roles permit or, but for first roles, who holds them.

        It is called before any role or subject is locked.
        """

    async def somebody_able_has(self, permission: str) -> bool:
        """Tell whether a person who is able to act holds a role with the permission, after the changes of this transaction.

        Exact only under the guard.
        """

    async def find(self, subject_id: UUID) -> Standing | None:
        """Find what was recorded of a person; it changes only under the guard."""

    def add(self, standing: Standing) -> None: ...
