from dataclasses import dataclass

from identity.application.accounts.enrolment import Enrolled, enrol
from identity.application.ports.accounts import Contacts, Passwords
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.errors import TermsNotAgreed
from identity.domain.password_policy import PasswordPolicy, normalise
from identity.domain.profile import Profile, canonical_username
from identity.domain.user import InitialRole
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Open an account for whoever asks; it holds a wallet address from the start."""

    uow: UnitOfWork
    passwords: Passwords
    policy: PasswordPolicy
    contacts: Contacts
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        full_name: str,
        email: str,
        phone: str,
        password: str,
        agreed_terms: bool,
        organization: str | None = None,
        username: str | None = None,
    ) -> Enrolled:
        """Raise AccountExists, WeakPassword, or InvalidValue naming the field; Unavailable when hashing is at its limit."""
        if not agreed_terms:
            raise TermsNotAgreed(field="agreed_terms")
        profile = Profile.of(
            full_name=full_name,
            email=self.contacts.email(email),
            phone=self.contacts.phone(phone),
            organization=organization,
        )
        name = canonical_username(username) if username is not None else None
        secret = normalise(password)
        self.policy.check(secret, (*profile.words, name or ""))
        password_hash = await self.passwords.hash(secret)
        async with self.uow.begin(actor) as tx:
            return await enrol(
                tx,
                profile,
                username=name,
                password_hash=password_hash,
                initial_role=InitialRole.USER,
                agreed_terms=True,
                at=self.clock.now(),
            )
