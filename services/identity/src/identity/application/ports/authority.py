"""The checks by governance before a person acts on another user's account."""

from typing import Protocol
from uuid import UUID


class Authority(Protocol):
    async def require(self, *, actor_id: UUID, subject_id: UUID) -> None:
        """Return if the actor may act on the account. Everybody may act on their own.

        Raise BeyondAuthority, or Unavailable if governance does not answer.
        """

    async def disable(self, *, actor_id: UUID, subject_id: UUID, version: int) -> None:
        """Do the same, and make governance count the subject as unable to act. No transaction may be open.

        `version` is the account's before it is suspended, deleted or restricted. Raise LastAdministrator, too.
        """
