"""What second factors need of the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from identity.domain.passkey import Assertion, Ceremony, Passkey
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.totp import Totp


class Totps(Protocol):
    async def add(self, totp: Totp, secret: str) -> None:
        """Keep a user's authenticator app, its secret sealed, in place of one that was never confirmed."""

    async def lock(self, user_id: UUID) -> tuple[Totp, str] | None:
        """Find a user's app and its secret, and lock it until the transaction ends."""

    async def remove(self, user_id: UUID) -> None: ...


class BackupCodes(Protocol):
    async def replace(self, user_id: UUID, digests: Sequence[bytes], *, at: datetime) -> None:
        """Keep new codes; the ones before are void. None at all removes them."""

    async def spend(self, user_id: UUID, digest: bytes, *, at: datetime) -> bool:
        """Use a code up; True for one caller only, however many ask at once."""


class Passkeys(Protocol):
    async def add(self, passkey: Passkey) -> None:
        """Add a passkey; raises FactorExists for a credential that is registered, by whomever."""

    async def lock(self, passkey_id: UUID) -> Passkey | None: ...

    async def lock_credential(self, credential_id: bytes) -> Passkey | None: ...

    async def of(self, user_id: UUID) -> Sequence[Passkey]: ...

    async def remove(self, passkey: Passkey) -> None: ...


class Ceremonies(Protocol):
    def add(self, ceremony: Ceremony) -> None: ...

    async def lock(self, ceremony_id: UUID) -> Ceremony | None: ...


class SignInChallenges(Protocol):
    def add(self, challenge: SignInChallenge) -> None: ...

    async def lock(self, digest: bytes) -> SignInChallenge | None:
        """Find a challenge by its text's digest and lock it until the transaction ends."""


class FactorFailures(Protocol):
    """Wrong codes since the last right one, by counter (code_failures.py)."""

    async def note(self, user_id: UUID, counter: str, *, at: datetime) -> None: ...

    async def lock_latest(self, user_id: UUID, counter: str, *, limit: int) -> Sequence[datetime]:
        """Return when the last failures were, newest first; until the transaction ends, no other counts for the user."""

    async def forget(self, user_id: UUID, *, counter: str | None = None) -> None:
        """Forget the failures under a counter, or under all of the user's but that of codes for recovery."""


class Factors(Protocol):
    """All of a user's second factors, and what is under way with them, within one transaction."""

    @property
    def totps(self) -> Totps: ...

    @property
    def backup_codes(self) -> BackupCodes: ...

    @property
    def passkeys(self) -> Passkeys: ...

    @property
    def ceremonies(self) -> Ceremonies: ...

    @property
    def challenges(self) -> SignInChallenges: ...

    @property
    def failures(self) -> FactorFailures: ...

    async def forget(self, user_id: UUID) -> None:
        """Remove all second factors of a user, and sign-ins that wait for one."""

    async def purge(self, expired_before: datetime) -> int:
        """Drop challenges that nobody can answer any more; tell how many there were."""


class TotpCodes(Protocol):
    def new_secret(self) -> str:
        """Make 160 random bits, in base32."""

    def uri(self, secret: str, account: str) -> str:
        """Write the secret as authenticator apps read it from a QR code."""

    def step_of(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Tell whose time step a code is, one either side of now; None for a wrong code."""


class BackupCodeMaker(Protocol):
    def make(self) -> Sequence[str]: ...

    def digest(self, user_id: UUID, code: str) -> bytes:
        """Hash a code, however it was typed, under a key and the user's id."""


@dataclass(frozen=True, slots=True)
class OneTimeSecret:
    text: str
    digest: bytes


class OneTimeSecrets(Protocol):
    def issue(self) -> OneTimeSecret:
        """Make 256 random bits."""

    def digest(self, text: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class NewCredential:
    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class Answering:
    """`user_handle` is whom the authenticator takes it for, where it says so."""

    credential_id: bytes
    user_handle: bytes | None

    def is_of(self, user_id: UUID) -> bool:
        return self.user_handle is None or self.user_handle == user_id.bytes


class WebAuthn(Protocol):
    def new_challenge(self) -> bytes: ...

    def registration_options(
        self, challenge: bytes, user_id: UUID, account: str, known: Sequence[bytes]
    ) -> Mapping[str, Any]: ...

    def sign_in_options(self, challenge: bytes, allowed: Sequence[bytes]) -> Mapping[str, Any]: ...

    def verify_registration(self, challenge: bytes, credential: Mapping[str, Any]) -> NewCredential:
        """Raise PasskeyRefused unless challenge, origin and platform are ours and the user was verified."""

    def answering(self, credential: Mapping[str, Any]) -> Answering:
        """Read which credential answers; raises PasskeyRefused."""

    def verify_signature(self, challenge: bytes, credential: Mapping[str, Any], public_key: bytes) -> Assertion:
        """Return what was signed; raises PasskeyRefused as above, or when the signature does not hold."""
