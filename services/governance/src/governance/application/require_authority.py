from dataclasses import dataclass
from uuid import UUID

from governance.application.queries import GovernanceQueries
from governance.domain.errors import BeyondAuthority


@dataclass(frozen=True, slots=True)
class RequireAuthority:
    """Refuse an act on the account of a person who may more than the actor, by the roles that both hold now.

    What the default role permits does not count: it is everybody's. Those who may the same may act on each other.
    """

    queries: GovernanceQueries

    async def __call__(self, *, actor_id: UUID, subject_id: UUID) -> None:
        """Raise BeyondAuthority."""
        if actor_id == subject_id:
            return
        roles = await self.queries.roles()
        permitted = {role.name: frozenset(role.permissions) for role in roles}
        everybodys = frozenset[str]().union(*(role.permissions for role in roles if role.is_default))
        found = await self.queries.effective_roles([actor_id, subject_id])
        actors, subjects = (frozenset[str]().union(*(permitted[role] for role in held)) for _, held in found)
        if beyond := subjects - actors - everybodys:
            raise BeyondAuthority(subject_id=subject_id, permissions=sorted(beyond))
