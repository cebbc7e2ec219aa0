"""The policies in force."""

from dataclasses import dataclass, field

from kernel.actor import Actor


@dataclass
class FakePermissions:
    """Allows only what a test allowed."""

    allowed: set[str] = field(default_factory=set)

    def allows(self, _actor: Actor, permission: str, /) -> bool:
        return permission in self.allowed
