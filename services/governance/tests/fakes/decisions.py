"""The policies in force."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import AccessDenied


@dataclass
class FakeDecisions:
    """Allows only what a test allowed, to any actor."""

    allowed: set[str] = field(default_factory=set)

    def allows(self, _actor: Actor, permission: str, /) -> bool:
        return permission in self.allowed

    def require(self, actor: Actor, permission: str, /) -> None:
        if not self.allows(actor, permission):
            raise AccessDenied(permission=permission)

    def allows_within(
        self,
        actor: Actor,
        permission: str,
        organization_id: UUID | None,  # allowed everywhere
        /,
        *,
        teams: Sequence[UUID] = (),
    ) -> bool:
        return self.allows(actor, permission)

    def require_within(
        self, actor: Actor, permission: str, organization_id: UUID | None, /, *, teams: Sequence[UUID] = ()
    ) -> None:
        if not self.allows_within(actor, permission, organization_id, teams=teams):
            raise AccessDenied(permission=permission)

    def manages_policies(self, actor: Actor, /) -> bool:
        return self.allows(actor, "policy:manage")
