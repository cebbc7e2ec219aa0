from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.contacts import Contacts
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.users import audit
from identity.domain.email_address import folded_email
from identity.domain.errors import InvalidEmail
from identity.domain.message import Template
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class UnfoldEmail:
    """Restore the spelling of an address that an earlier release stored folded, for a user who cannot sign in to confirm it.

    For the command line. It restores only what folding changed, so it cannot redirect mail.
    """

    uow: UnitOfWork
    contacts: Contacts
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, email: str, reason: str) -> None:
        """Raise NotFound if the user's address is not stored folded, InvalidEmail if `email` folds to another text.

        Raise UserExists if another user has the address by now.
        """
        given = self.contacts.email(email)
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            profile = await tx.profiles.of(user_id)
            if user is None or profile.email_as_given or user.email_verified_at is not None:
                raise NotFound(user_id=user_id)
            if folded_email(given) != folded_email(profile.email):
                raise InvalidEmail(field="email")
            await tx.profiles.replace(user_id, profile.with_email(given))
            tx.record(audit.email_unfolded(user, reason=reason, at=self.clock.now()))
            if user.last_sign_in_at is None and user.is_active:
                # The first mail of the account may have gone to another person's mailbox.
                await tx.messages.send(user_id, Template.ACCOUNT_CREATED)
