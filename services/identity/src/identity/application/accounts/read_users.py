from dataclasses import dataclass
from uuid import UUID

from identity.application.accounts.queries import AccountQueries, SubjectView, UserView
from kernel.actor import Actor
from kernel.errors import AccessDenied, NotFound
from kernel.pages import Page, PageRequest

# The brief grants "user:read" to every user: it means oneself. Whose work it is to read others, these say.
READERS_OF_OTHERS = frozenset({"admin", "staff"})


@dataclass(frozen=True, slots=True)
class GetUser:
    """Read a user: oneself, or anybody for staff. To everybody else other users do not exist."""

    queries: AccountQueries

    async def __call__(self, *, actor: Actor, user_id: UUID) -> UserView:
        if actor.user_id != user_id and READERS_OF_OTHERS.isdisjoint(actor.roles):
            raise NotFound(user_id=user_id)
        user = await self.queries.user(user_id)
        if user is None:
            raise NotFound(user_id=user_id)
        return user


@dataclass(frozen=True, slots=True)
class ListUsers:
    """Page through all users, for staff."""

    queries: AccountQueries

    async def __call__(self, *, actor: Actor, page: PageRequest) -> Page[UserView]:
        if READERS_OF_OTHERS.isdisjoint(actor.roles):
            raise AccessDenied(permission="user:read", resource="all users")
        return await self.queries.users(page)


@dataclass(frozen=True, slots=True)
class GetSubject:
    """Tell a peer whether a subject exists and may act."""

    queries: AccountQueries

    async def __call__(self, *, subject_id: UUID) -> SubjectView:
        subject = await self.queries.subject(subject_id)
        if subject is None:
            raise NotFound(subject_id=subject_id)
        return subject
