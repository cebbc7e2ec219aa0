from dataclasses import dataclass, replace
from uuid import UUID

from identity.application.accounts import facts
from identity.application.accounts.queries import EVERYBODY, AccountQueries, SubjectView, UserFilter, UserView
from identity.application.ports.contacts import Contacts
from identity.application.ports.permissions import READ_ANY_USER, Permissions
from identity.domain.email_address import lower_ascii
from kernel.actor import Actor
from kernel.errors import AccessDenied, NotFound
from kernel.pages import Page, PageRequest
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class GetUser:
    """Read the caller's account, or with `user:read_any` any user's, which is recorded. To others, other users do not exist."""

    queries: AccountQueries
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, user_id: UUID) -> UserView:
        if actor.user_id != user_id and not self.permissions.allows(actor, READ_ANY_USER):
            raise NotFound(user_id=user_id)
        return await self.changed(actor=actor, user_id=user_id)

    async def changed(self, *, actor: Actor, user_id: UUID) -> UserView:
        """Show a user to an actor who has just changed it. Recorded too: a change that changes nothing leaves no other fact."""
        user = await self.queries.user(user_id)
        if user is None:
            raise NotFound(user_id=user_id)
        if actor.user_id != user_id:
            await self.reads.record(actor, facts.user_read(user_id))
        return user


@dataclass(frozen=True, slots=True)
class ListUsers:
    """Page through users, with `user:read_any`. Each page is recorded, with its filters and the people shown."""

    queries: AccountQueries
    contacts: Contacts
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, page: PageRequest, reason: str, which: UserFilter = EVERYBODY) -> Page[UserView]:
        """Raise AccessDenied, InvalidEmail or InvalidPhone."""
        if not self.permissions.allows(actor, READ_ANY_USER):
            raise AccessDenied(permission=READ_ANY_USER)
        email = self.contacts.email(which.email) if which.email is not None else None
        phone = self.contacts.phone(which.phone) if which.phone is not None else None
        username = lower_ascii(which.username.strip()) if which.username is not None else None
        users = await self.queries.users(page, replace(which, email=email, phone=phone, username=username))
        await self.reads.record(actor, facts.users_searched(which, users.items, reason=reason))
        return users


@dataclass(frozen=True, slots=True)
class GetSubject:
    """Tell a peer whether a subject exists and may act."""

    queries: AccountQueries

    async def __call__(self, *, subject_id: UUID) -> SubjectView:
        subject = await self.queries.subject(subject_id)
        if subject is None:
            raise NotFound(subject_id=subject_id)
        return subject
