from dataclasses import dataclass

from identity.application.ports.contacts import Contacts
from identity.application.ports.passwords import PasswordHasher
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.registration import audit
from identity.application.registration.one_time_codes import CodeIssuer, DecoyMessage
from identity.application.registration.verification import PendingVerification
from identity.domain.errors import TermsNotAgreed
from identity.domain.message import Template
from identity.domain.one_time_code import Purpose
from identity.domain.password_policy import PasswordPolicy, normalise
from identity.domain.profile import Profile, chosen_username
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Accept a registration and send a code to its e-mail address. The code then opens the account.

    The response and its cost are the same whether or not the address has an account. The owner of an account is notified by mail.
    Nobody can reserve another person's address: two registrations of one address are separate, each with its own id and code.
    """

    uow: UnitOfWork
    passwords: PasswordHasher
    policy: PasswordPolicy
    contacts: Contacts
    codes: CodeIssuer
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
    ) -> PendingVerification:
        """Raise WeakPassword, InvalidValue with the name of the field, or Unavailable if hashing is at its limit."""
        if not agreed_terms:
            raise TermsNotAgreed(field="agreed_terms")
        profile = Profile.of(
            full_name=full_name,
            email=self.contacts.email(email),
            phone=self.contacts.mobile(phone),
            organization=organization,
        )
        name = chosen_username(username) if username is not None else None
        secret = normalise(password)
        self.policy.check(secret, (*profile.words, name or ""))
        password_hash = await self.passwords.hash(secret)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            decoy = await self._decoy_for(tx, profile, name)
            pending = {
                "full_name": profile.full_name,
                "email": profile.email,
                "phone": profile.phone,
                "organization": profile.organization,
                "username": name,
                "password_hash": password_hash,
            }
            code = await self.codes.issue(tx, Purpose.REGISTRATION, user_id=new_id(), pending=pending, at=at, instead=decoy)
            tx.tally(audit.registration_requested(code))
        return PendingVerification(code.id, code.expires_at)

    async def _decoy_for(self, tx: Transaction, profile: Profile, username: str | None) -> DecoyMessage | None:
        """Return the message that replaces a code if the registration cannot continue. Always do all look-ups.

        A telephone number does not block a registration, so it is not looked up: it has no effect until it is verified, and
        whether another user has verified it is not disclosed (ADR 0016).
        """
        owner = await tx.profiles.holder_of_email(profile.email)
        named = await tx.users.holder_of(username) if username else None
        if owner:
            return DecoyMessage(owner, Template.ALREADY_REGISTERED)
        # Sent to the mailbox that registers, not to the user who has the username, and it does not mention that user.
        return DecoyMessage(new_id(), Template.REGISTRATION_CLASHED, profile.email) if named else None
