from dataclasses import dataclass, replace
from uuid import UUID

from identity.application.attempts.counters import counter_of, name_digest
from identity.application.devices.views import DeviceViews
from identity.application.factors.challenge_second_factor import ChallengeSecondFactor, SecondFactorRequired
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.credentials import Credentials, CredentialView
from identity.application.ports.devices import DeviceTokens
from identity.application.ports.digests import Digests
from identity.application.ports.passwords import PasswordHasher, PasswordVerification
from identity.application.ports.session_rules import SessionStarter, TokenPair
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions import audit
from identity.domain.errors import InvalidCredentials, TooManyAttempts
from identity.domain.password_policy import normalise
from identity.domain.proof import PASSWORD
from identity.domain.sign_in_failure import SignInFailure
from identity.domain.sign_in_name import SignInName
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SignIn:
    """Start a session on a device by e-mail or username and password, or ask for the second factor.

    Unknown names, wrong passwords and inactive accounts get the same answer after the same work, so that it does not reveal
    which accounts exist.
    """

    uow: UnitOfWork
    credentials: Credentials
    devices: DeviceViews
    passwords: PasswordHasher
    attempts: AttemptLimits
    digest: Digests
    start: SessionStarter
    challenge: ChallengeSecondFactor
    clock: Clock
    device_tokens: DeviceTokens

    async def __call__(
        self, *, actor: Actor, name: SignInName, password: str, device_id: UUID, device_token: str | None = None
    ) -> TokenPair | SecondFactorRequired:
        """Raise InvalidCredentials, TooManyAttempts, or Unavailable (hashing at its limit, governance unavailable)."""
        account = name_digest(self.digest, name)
        credential = await self.credentials.credential(name)
        counter = counter_of(self.digest, credential.user_id if credential else account)
        known = await self._known_device(credential, device_id, device_token)
        try:
            await self.attempts.admit(counter, actor.ip, device=known)
        except TooManyAttempts:
            await self._record_failure(actor, account, credential, device_id, SignInFailure.THROTTLED)
            raise
        verified = await self.passwords.verify(credential.password_hash if credential else None, normalise(password))
        if credential is None or not verified.matches or not credential.is_active:
            await self.attempts.fail(actor.ip)
            await self._record_failure(actor, account, credential, device_id, _failure_of(credential, verified))
            raise InvalidCredentials
        try:
            outcome = await self._challenge_or_start(actor, credential, verified, device_id, known_device=known is not None)
        except InvalidCredentials:
            await self._record_failure(actor, account, credential, device_id, SignInFailure.CHANGED_MEANWHILE)
            raise
        # A right password is not a guess. Codes have their own count.
        await self.attempts.forget(counter, actor.ip, device=known)
        return outcome

    async def _known_device(self, credential: CredentialView | None, device_id: UUID, token: str | None) -> str | None:
        """Return the device's id if it proves to be known to the account."""
        if token is None:
            return None
        # Look up a device for unknown names, too, so that the response time does not reveal whether an account exists.
        known_since = await self.devices.known_since(credential.user_id if credential else UUID(int=0), device_id)
        if credential is None or known_since is None:
            return None
        proven = self.device_tokens.proves(token, user_id=credential.user_id, device_id=device_id, known_since=known_since)
        return str(device_id) if proven else None

    async def _challenge_or_start(
        self, actor: Actor, credential: CredentialView, verified: PasswordVerification, device_id: UUID, *, known_device: bool
    ) -> TokenPair | SecondFactorRequired:
        challenged = await self.challenge(
            actor=actor,
            credential=credential,
            device_id=device_id,
            methods=(PASSWORD,),
            stronger_hash=verified.stronger_hash,
            known_device=known_device,
        )
        return challenged or await self.start(
            actor=actor,
            user_id=credential.user_id,
            device_id=device_id,
            methods=(PASSWORD,),
            confirm=lambda user: _confirm_credential(user, credential, verified),
            known_device=known_device,
        )

    async def _record_failure(
        self, actor: Actor, account: str, credential: CredentialView | None, device_id: UUID, reason: SignInFailure
    ) -> None:
        user_id, device, at = str(credential.user_id) if credential else None, str(device_id), self.clock.now()
        async with self.uow.begin(replace(actor, device_id=device)) as tx:
            tx.tally(audit.sign_in_failed(account, user_id=user_id, device_id=device, reason=reason, at=at))


def _failure_of(credential: CredentialView | None, verified: PasswordVerification) -> SignInFailure:
    if credential is None:
        return SignInFailure.UNKNOWN_ACCOUNT
    return SignInFailure.NOT_ACTIVE if verified.matches else SignInFailure.WRONG_PASSWORD


def _confirm_credential(user: User, credential: CredentialView, verified: PasswordVerification) -> None:
    # The credential was read without a lock. The password may have changed since, or a second factor been added.
    if (user.password_changed_at, user.has_second_factor) != (credential.password_changed_at, credential.has_second_factor):
        raise InvalidCredentials
    if verified.stronger_hash:
        user.strengthen_hash(verified.stronger_hash)
