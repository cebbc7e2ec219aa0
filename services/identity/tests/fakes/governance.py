"""Fakes of governance's answers on roles and on authority."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from identity.application.ports.roles import Rights
from identity.domain.errors import BeyondAuthority, LastAdministrator
from kernel.errors import Unavailable


@dataclass
class FakeRoles:
    """Give everyone `roles`, except the users in `held`; `memberships` are the organizations of users."""

    roles: tuple[str, ...] = ("user",)
    held: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    memberships: dict[UUID, frozenset[UUID]] = field(default_factory=dict)
    away: bool = False

    async def of(self, user_id: UUID) -> tuple[str, ...]:
        return (await self.rights_of(user_id)).roles

    async def rights_of(self, user_id: UUID) -> Rights:
        if self.away:
            raise Unavailable(dependency="governance")
        return Rights(self.held.get(user_id, self.roles), self.memberships.get(user_id, frozenset()))


@dataclass
class FakeAuthority:
    """Answer on authority: `beyond` may do more than anyone who acts on them; `last` are the last who can manage roles.

    `asked` and `disabled` record the requests (by whom, about whom); `meanwhile` runs before each answer.
    """

    beyond: set[UUID] = field(default_factory=set)
    last: set[UUID] = field(default_factory=set)
    away: bool = False
    asked: list[tuple[UUID, UUID]] = field(default_factory=list)
    disabled: list[tuple[UUID, UUID, int]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def require(self, *, actor_id: UUID, subject_id: UUID) -> None:
        if self.meanwhile:
            await self.meanwhile()
        if self.away:
            raise Unavailable(dependency="governance")
        if subject_id in self.beyond and subject_id != actor_id:
            raise BeyondAuthority(subject_id=subject_id)
        self.asked.append((actor_id, subject_id))

    async def disable(self, *, actor_id: UUID, subject_id: UUID, version: int) -> None:
        await self.require(actor_id=actor_id, subject_id=subject_id)
        if subject_id in self.last:
            raise LastAdministrator(subject_id=subject_id)
        self.disabled.append((actor_id, subject_id, version))
