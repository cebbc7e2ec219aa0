from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from identity.application.accounts import facts
from identity.application.accounts.enrolment import Enrolled, enrol
from identity.application.accounts.new_password import NewPassword
from identity.application.ports.authority import Authority
from identity.application.ports.contacts import Contacts
from identity.application.ports.passwords import Passwords
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions.end_sessions import end_all, revoke_all
from identity.domain.errors import AccountExists
from identity.domain.message import Template
from identity.domain.profile import Profile, canonical_username
from identity.domain.session import EndReason
from identity.domain.user import InitialRole
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Open an account for somebody else. Only they choose the password, by the reset that their mail describes.

    A person who opens it has typed the address that confirms a recovery, so they decide on none for thirty days.
    """

    uow: UnitOfWork
    passwords: Passwords
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
    ) -> Enrolled:
        """Raise AccountExists, also for a number that a user has verified, or InvalidValue naming the field.

        Unavailable when hashing is at its limit.
        """
        profile = Profile.of(
            full_name=full_name,
            email=self.contacts.email(email),
            phone=self.contacts.mobile(phone) if phone is not None else None,
            organization=organization,
        )
        name = canonical_username(username) if username is not None else None
        # Nobody knows it.
        password_hash, at = await self.passwords.hash(self.generate_password()), self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Staff find every number anyway, and are spared a second account of one person.
            if profile.phone and await tx.profiles.holder_of_phone(profile.phone):
                raise AccountExists
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


@dataclass(frozen=True, slots=True)
class RequirePasswordReset:
    """Retire another's password and end their sessions; only they can choose the next, by the reset that they are mailed about.

    A person who requires it decides on no recovery of the account, neither on one that waits nor on one that follows.
    """

    uow: UnitOfWork
    passwords: Passwords
    new_password: NewPassword
    generate_password: Callable[[], str]
    authority: Authority
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str) -> None:
        """Raise NotFound, BeyondAuthority; Unavailable when hashing is at its limit, or governance is away."""
        await self.authority.require(actor_id=actor.user_id, subject_id=user_id)
        password_hash = await self.passwords.hash(self.generate_password())
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None or not user.is_active:
                raise NotFound(user_id=user_id)
            await self.new_password.set(tx, user, password_hash, at=at)
            await tx.password_resets.note_required(user_id, by=actor.user_id, at=at)
            if waiting := await tx.recovery_requests.waiting_of(user_id, at=at):
                waiting.trigger(actor.user_id)
            ended = await end_all(tx, user_id, EndReason.PASSWORD_CHANGED, at)
            await tx.messages.send(user_id, Template.PASSWORD_RESET_REQUIRED)
            tx.record(facts.password_reset_required(user, reason, sessions_ended=len(ended), at=at))
            tx.after_commit(lambda: revoke_all(self.revocations, ended, at=at))
