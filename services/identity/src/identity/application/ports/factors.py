"""The ports of second factors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.application.ports.passkeys import Ceremonies, PasskeyRepository
from identity.application.ports.sign_in_challenges import SignInChallenges
from identity.domain.totp import Totp


class Totps(Protocol):
    async def add(self, totp: Totp, secret: str) -> None:
        """Store a user's authenticator app, its secret sealed, in place of one that was never confirmed."""

    async def lock(self, user_id: UUID) -> tuple[Totp, str] | None:
        """Find a user's app and its secret, and lock it until the transaction ends."""

    async def remove(self, user_id: UUID) -> None: ...


class BackupCodes(Protocol):
    async def replace(self, user_id: UUID, digests: Sequence[bytes], *, at: datetime) -> None:
        """Store new codes in place of the previous ones. No codes at all removes them."""

    async def use(self, user_id: UUID, digest: bytes, *, at: datetime) -> bool:
        """Use a code. Return True for one caller only, even for concurrent calls."""


class FactorFailures(Protocol):
    """The wrong codes since the last right one, by counter (code_failures.py)."""

    async def note(self, user_id: UUID, counter: str, *, at: datetime) -> None: ...

    async def lock_latest(self, user_id: UUID, counter: str, *, limit: int) -> Sequence[datetime]:
        """Return the times of the last failures, newest first. Until the transaction ends, others cannot count for the user."""

    async def forget(self, user_id: UUID, *, counter: str | None = None) -> None:
        """Delete the failures of a counter, or of all the user's counters except that of recovery codes."""


class FactorRepository(Protocol):
    """All of a user's second factors, and unfinished operations with them, in one transaction."""

    @property
    def totps(self) -> Totps: ...

    @property
    def backup_codes(self) -> BackupCodes: ...

    @property
    def passkeys(self) -> PasskeyRepository: ...

    @property
    def ceremonies(self) -> Ceremonies: ...

    @property
    def challenges(self) -> SignInChallenges: ...

    @property
    def failures(self) -> FactorFailures: ...

    async def forget(self, user_id: UUID) -> None:
        """Remove all second factors of a user, and sign-ins that wait for one."""

    async def purge(self, expired_before: datetime) -> int:
        """Delete challenges that have expired. Return how many there were."""


class TotpCodes(Protocol):
    def new_secret(self) -> str:
        """Return 160 random bits in base32."""

    def uri(self, secret: str, account: str) -> str:
        """Return the secret in the form that authenticator apps read from a QR code."""

    def step_of(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Return the time step of a code, at most one step from now, or None for a wrong code."""


class BackupCodeMaker(Protocol):
    def make(self) -> Sequence[str]: ...

    def digest(self, user_id: UUID, code: str) -> bytes:
        """Return a digest of a code, in any typed form, under a key and the user's id."""
