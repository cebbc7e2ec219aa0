"""Passkeys (WebAuthn level 3): a public key that an authenticator created for this platform, and its ceremonies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from identity.domain.proof import HARDWARE_KEY, SOFTWARE_KEY, USER_VERIFIED

CEREMONY_LIFE: Final = timedelta(minutes=5)
PER_USER_MAX: Final = 20


class PasskeyUse(StrEnum):
    """The result of using a passkey whose signature is valid."""

    ACCEPTED = "accepted"
    COUNTER_REGRESSION = "counter_regression"
    ELIGIBILITY_CHANGED = "backup_eligibility_changed"


@dataclass(frozen=True, slots=True)
class Assertion:
    """The authenticator's signed data besides the challenge: its counter, and whether the key can be, and is, backed up."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool


@dataclass(eq=False)
class Passkey:
    """`backup_eligible` never changes (WebAuthn level 3, section 6.1.3). It is None for an older passkey until its next use.

    `flagged_at`: when its signature counter went backwards, as a cloned authenticator's does. From then on it cannot sign in.
    """

    id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
    flagged_at: datetime | None = None
    backup_eligible: bool | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        return (SOFTWARE_KEY if self.backed_up else HARDWARE_KEY, USER_VERIFIED)

    def use(self, assertion: Assertion, *, at: datetime) -> PasskeyUse:
        """Record a valid signature. Refuse it if the key's kind has changed, if its counter suggests a clone, or once flagged."""
        if self.flagged_at is not None:
            return PasskeyUse.COUNTER_REGRESSION
        if self.backup_eligible not in {None, assertion.backup_eligible}:
            return PasskeyUse.ELIGIBILITY_CHANGED
        # Zero twice means that the authenticator does not count.
        if (assertion.sign_count or self.sign_count) and assertion.sign_count <= self.sign_count:
            self.flagged_at = at
            return PasskeyUse.COUNTER_REGRESSION
        self.sign_count, self.last_used_at = assertion.sign_count, at
        self.backup_eligible, self.backed_up = assertion.backup_eligible, assertion.backed_up
        return PasskeyUse.ACCEPTED

    def rename(self, name: str) -> None:
        self.name = name


class CeremonyKind(StrEnum):
    REGISTER = "register"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"


@dataclass(eq=False)
class Ceremony:
    """One challenge, answered once. `user_id` is its user, or None if any passkey may answer (sign-in)."""

    id: UUID
    kind: CeremonyKind
    user_id: UUID | None
    challenge: bytes
    expires_at: datetime
    used_at: datetime | None = None

    @classmethod
    def begin(cls, ceremony_id: UUID, kind: CeremonyKind, challenge: bytes, *, user_id: UUID | None, at: datetime) -> Self:
        return cls(ceremony_id, kind, user_id, challenge, at + CEREMONY_LIFE)

    @property
    def begun_at(self) -> datetime:
        """The time at which the challenge was created. Its answer is no older, but may be as old."""
        return self.expires_at - CEREMONY_LIFE

    def take(self, kind: CeremonyKind, *, user_id: UUID | None, at: datetime) -> bool:
        """Use the challenge. Return False if it was used, has expired, or belongs to another user."""
        if self.used_at is not None or at >= self.expires_at or (self.kind, self.user_id) != (kind, user_id):
            return False
        self.used_at = at
        return True
