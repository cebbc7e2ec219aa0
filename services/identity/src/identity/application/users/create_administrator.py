from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.contacts import Contacts
from identity.application.ports.passwords import PasswordHasher
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.users.enrolment import enrol
from identity.domain.password_policy import PasswordPolicy, normalise
from identity.domain.profile import Profile
from identity.domain.user import InitialRole
from kernel.actor import Actor
from kernel.clock import Clock

FULL_NAME = "Platform Administrator"
# Words in example settings: a password with one of them was never replaced.
PLACEHOLDERS = ("changeme", "placeholder", "secret", "password", "example")


@dataclass(frozen=True, slots=True)
class NewAdministrator:
    """`generated_password` is shown once and not stored. It is None if the operator gave a password."""

    user_id: UUID
    email: str
    generated_password: str | None

    def __repr__(self) -> str:
        return f"NewAdministrator(user_id={self.user_id})"


@dataclass(frozen=True, slots=True)
class CreateAdministrator:
    """Create an administrator, to whom governance then grants the role. With `only_first`, do nothing if one exists.

    In that case, e-mail address and password are not checked either.
    """

    uow: UnitOfWork
    passwords: PasswordHasher
    policy: PasswordPolicy
    contacts: Contacts
    generate_password: Callable[[], str]
    clock: Clock

    async def __call__(self, *, email: str, password: str | None, only_first: bool) -> NewAdministrator | None:
        """Raise UserExists, InvalidEmail or WeakPassword. Return None if there was nothing to do."""
        secret = password or self.generate_password()
        async with self.uow.begin(Actor.service("identity")) as tx:
            if await tx.users.lock_administrators() and only_first:
                return None
            profile = Profile.of(full_name=FULL_NAME, email=self.contacts.email(email), phone=None)
            self.policy.check(normalise(secret), (*profile.words, *PLACEHOLDERS))
            # Hashing within the transaction is harmless here: only processes that do the same wait for this lock.
            enrolled = await enrol(
                tx,
                profile,
                username=None,
                password_hash=await self.passwords.hash(normalise(secret)),
                initial_role=InitialRole.ADMIN,
                agreed_terms=False,
                at=self.clock.now(),
            )
        return NewAdministrator(enrolled.user_id, profile.email, None if password else secret)
