"""The checks of the policies in force, besides the permission that a route requires."""

from collections.abc import Iterable
from typing import Final, Protocol

from kernel.actor import Actor

# The seed grants "user:read" to every user, for their own data. These permissions are about other users.
READ_ANY_USER: Final = "user:read_any"
UPDATE_ANY_USER: Final = "user:update_any"
EXPORT_ANY_USER: Final = "user:export_any"
ERASE_ANY_USER: Final = "user:erase_any"


class Permissions(Protocol):
    def allows(self, actor: Actor, permission: str, /) -> bool:
        """Return whether the actor has the permission. Raise Unavailable if no policies are loaded."""

    def roles_beyond_default(self, subject_id: str, roles: Iterable[str], /) -> frozenset[str]:
        """Return those of a user's roles, also within limits, that permit more than the default role.

        Raise Unavailable if no policies are loaded.
        """
