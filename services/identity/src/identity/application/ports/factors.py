"""What second factors need of the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.application.ports.passkeys import Ceremonies, Passkeys
from identity.application.ports.sign_in_challenges import SignInChallenges
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
