"""Whether a person may decide on recovery, later than the request in which they decided."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final
from uuid import UUID

from chassis.policies import Policies
from identity.application.ports.roles import Roles
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor, ActorKind
from kernel.errors import AccessDenied

_PERMISSION: Final = "user:update"


class NoLongerDecider(AccessDenied):
    """The person who decided may no longer decide."""

    code: ClassVar[str] = "ACC_001"


class CurrentDeciderRights:
    """The user's own status, the roles from governance, and the embedded policies, which are refreshed first."""

    def __init__(self, uow: UnitOfWork, roles: Roles, policies: Policies, refresh: Callable[[], Awaitable[object]]) -> None:
        self._uow = uow
        self._roles = roles
        self._policies = policies
        self._refresh = refresh

    async def require(self, user_id: UUID) -> None:
        async with self._uow.begin(Actor.service("identity")) as tx:
            user = await tx.users.lock(user_id)
            is_active = user is not None and user.is_active
        await self._refresh()
        roles = frozenset(await self._roles.of(user_id)) if is_active else frozenset()
        actor = Actor(kind=ActorKind.USER, subject_id=str(user_id), roles=roles)
        if not is_active or not self._policies.allows(actor, _PERMISSION):
            raise NoLongerDecider(user_id=user_id)
