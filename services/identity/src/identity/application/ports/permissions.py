"""What identity asks of the policies in force, beyond the permission that a route asks for."""

from collections.abc import Iterable
from typing import Final, Protocol

from kernel.actor import Actor

# The seed grants "user:read" to every user: it means oneself. These are about others.
READ_ANY_USER: Final = "user:read_any"
UPDATE_ANY_USER: Final = "user:update_any"
EXPORT_ANY_USER: Final = "user:export_any"
ERASE_ANY_USER: Final = "user:erase_any"


class Permissions(Protocol):
    def allows(self, actor: Actor, permission: str, /) -> bool:
        """Tell whether the actor may; raises Unavailable when nobody can tell."""

    def exceed_default(self, roles: Iterable[str], /) -> bool:
        """Tell whether roles permit anything that the default role does not; raises Unavailable when nobody can tell."""
