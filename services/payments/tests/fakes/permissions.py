"""The policies in force."""

from dataclasses import dataclass, field
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import Unavailable


@dataclass
class FakePermissions:
    """Allows only what a test allowed, to any actor. `stale`: the policies are too old."""

    allowed: set[str] = field(default_factory=set)
    stale: bool = False
    allowed_within: set[tuple[str, UUID | None]] = field(default_factory=set)

    def allows(self, _actor: Actor, permission: str, /) -> bool:
        if self.stale:
            raise Unavailable(dependency="governance")
        return permission in self.allowed

    def allows_within(self, actor: Actor, permission: str, organization_id: UUID | None, /) -> bool:
        return self.allows(actor, permission) or (permission, organization_id) in self.allowed_within
