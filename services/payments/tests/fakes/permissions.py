"""The policies in force."""

from dataclasses import dataclass, field

from kernel.actor import Actor
from kernel.errors import Unavailable


@dataclass
class FakePermissions:
    """Allows only what a test allowed, to any actor. `stale`: the policies are too old."""

    allowed: set[str] = field(default_factory=set)
    stale: bool = False

    def allows(self, _actor: Actor, permission: str, /) -> bool:
        if self.stale:
            raise Unavailable(dependency="governance")
        return permission in self.allowed
