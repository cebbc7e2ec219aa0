"""What identity asks governance before one person acts on the account of another."""

from typing import Protocol
from uuid import UUID


class Authority(Protocol):
    async def require(self, *, actor_id: UUID, subject_id: UUID) -> None:
        """Return when the actor may act on the account; on their own always.

        Raises BeyondAuthority, or Unavailable when governance does not answer.
        """

    async def disable(self, *, actor_id: UUID, subject_id: UUID, version: int) -> None:
        """Do the same, and let governance count the subject as unable to act from now on; no transaction may be open.

        `version` is the account's before it is suspended, deleted or restricted. Raises LastAdministrator too.
        """
