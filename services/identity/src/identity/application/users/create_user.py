from collections.abc import Callable
from dataclasses import dataclass

from identity.application.ports.contacts import Contacts
from identity.application.ports.passwords import PasswordHasher
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.users.enrolment import NewUser, enrol
from identity.domain.errors import UserExists
from identity.domain.message import Template
from identity.domain.profile import Profile, canonical_username
from identity.domain.user import InitialRole
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Create an account for another person. Only that person chooses the password, by a reset that a mail explains.

    The caller typed the address that confirms recoveries, so they cannot decide on a recovery of the account for thirty days.
    """

    uow: UnitOfWork
    passwords: PasswordHasher
    contacts: Contacts
    generate_password: Callable[[], str]
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        full_name: str,
        email: str,
        phone: str | None,
        organization: str | None = None,
        username: str | None = None,
    ) -> NewUser:
        """Raise UserExists, also if another user has verified the number, or InvalidValue with the name of the field.

        Raise Unavailable if hashing is at its limit.
        """
        profile = Profile.of(
            full_name=full_name,
            email=self.contacts.email(email),
            phone=self.contacts.mobile(phone) if phone is not None else None,
            organization=organization,
        )
        name = canonical_username(username) if username is not None else None
        # Nobody knows this password.
        password_hash, at = await self.passwords.hash(self.generate_password()), self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Staff can look up every number anyway, and this prevents a second account of the same person.
            if profile.phone and await tx.profiles.holder_of_phone(profile.phone):
                raise UserExists
            enrolled = await enrol(
                tx,
                profile,
                username=name,
                password_hash=password_hash,
                initial_role=InitialRole.USER,
                agreed_terms=False,
                at=at,
            )
            await tx.password_resets.note_required(enrolled.user_id, by=actor.user_id, at=at)
            await tx.messages.send(enrolled.user_id, Template.ACCOUNT_CREATED)
        return enrolled
