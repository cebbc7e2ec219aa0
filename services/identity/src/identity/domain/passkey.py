"""Passkeys (WebAuthn level 3): a public key that an authenticator made for this platform, and the ceremonies that use it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from identity.domain.proof import HARDWARE_KEY, SOFTWARE_KEY, USER_VERIFIED

CEREMONY_LIFE: Final = timedelta(minutes=5)
PER_USER_MAX: Final = 20


@dataclass(eq=False)
class Passkey:
    """`flagged_at`: when its signature counter ran backwards, as a cloned authenticator's does; it signs nobody in since."""

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

    @property
    def methods(self) -> tuple[str, ...]:
        return (SOFTWARE_KEY if self.backed_up else HARDWARE_KEY, USER_VERIFIED)

    def use(self, sign_count: int, *, at: datetime) -> bool:
        """Note a signature that held; False when the counter says that there are two of this key, or it was flagged."""
        if self.flagged_at is not None:
            return False
        # Zero twice is an authenticator that does not count.
        if (sign_count or self.sign_count) and sign_count <= self.sign_count:
            self.flagged_at = at
            return False
        self.sign_count, self.last_used_at = sign_count, at
        return True

    def rename(self, name: str) -> None:
        self.name = name


class CeremonyKind(StrEnum):
    REGISTER = "register"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"


@dataclass(eq=False)
class Ceremony:
    """One challenge, answered once. `user_id` is whose it is, None where anybody may answer (sign-in)."""

    id: UUID
    kind: CeremonyKind
    user_id: UUID | None
    challenge: bytes
    expires_at: datetime
    used_at: datetime | None = None

    @classmethod
    def begin(cls, ceremony_id: UUID, kind: CeremonyKind, challenge: bytes, *, user_id: UUID | None, at: datetime) -> Self:
        return cls(ceremony_id, kind, user_id, challenge, at + CEREMONY_LIFE)

    def take(self, kind: CeremonyKind, *, user_id: UUID | None, at: datetime) -> bool:
        """Use the challenge up; False when it was, is too old, or is another's."""
        if self.used_at is not None or at >= self.expires_at or (self.kind, self.user_id) != (kind, user_id):
            return False
        self.used_at = at
        return True
