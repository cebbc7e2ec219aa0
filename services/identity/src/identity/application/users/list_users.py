from dataclasses import dataclass, replace

from identity.application.ports.contacts import Contacts
from identity.application.ports.permissions import READ_ANY_USER, Permissions
from identity.application.users import audit
from identity.application.users.views import EVERYBODY, UserFilter, UserView, UserViews
from identity.domain.email_address import lower_ascii
from kernel.actor import Actor
from kernel.errors import AccessDenied
from kernel.pages import Page, PageRequest
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class ListUsers:
    """List users; requires `user:read_any`. Each page is recorded, with its filters and the users shown."""

    views: UserViews
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
        users = await self.views.users(page, replace(which, email=email, phone=phone, username=username))
        await self.reads.record(actor, audit.users_searched(which, users.items, reason=reason))
        return users
