"""A code of six digits, sent by mail or text message, that proves that a user receives messages there."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

DIGITS: Final = 6
# NIST SP 800-63B 3.1.3.2: out-of-band codes are valid for at most ten minutes.
LIFE: Final = timedelta(minutes=10)
TRIES_MAX: Final = 5
SENDS_MAX: Final = 5
# Messages per hour to one address, for all its codes together.
SENDS_PER_HOUR_MAX: Final = 5
# Messages per hour on behalf of one account, to any addresses: text messages cost money.
SENDS_PER_HOUR_OF_ACCOUNT_MAX: Final = 10
# How long after its first request a code may be sent again.
RENEWABLE_FOR: Final = timedelta(hours=24)


class Purpose(StrEnum):
    REGISTRATION = "registration"
    EMAIL = "email"
    PHONE = "phone"
    RECOVERY = "recovery"


@dataclass(eq=False)
class OneTimeCode:
    """The caller gets `id`, and the owner of the address gets the code. Only both together prove anything.

    `digest` is a keyed digest of the id and the code. `target_index` is the blind index of the address. A `decoy` looks like
    any other code but is never accepted. It is used where the response must not reveal whether an account exists.
    """

    id: UUID
    purpose: Purpose
    user_id: UUID
    target_index: bytes
    digest: bytes
    decoy: bool
    created_at: datetime
    expires_at: datetime
    sent_at: datetime
    tries: int = 0
    sends: int = 1
    used_at: datetime | None = None

    @classmethod
    def issue(
        cls,
        code_id: UUID,
        purpose: Purpose,
        *,
        user_id: UUID,
        target_index: bytes,
        digest: bytes,
        decoy: bool = False,
        at: datetime,
    ) -> Self:
        return cls(
            id=code_id,
            purpose=purpose,
            user_id=user_id,
            target_index=target_index,
            digest=digest,
            decoy=decoy,
            created_at=at,
            expires_at=at + LIFE,
            sent_at=at,
        )

    def accept(self, digest: bytes, *, at: datetime) -> bool:
        """Use the code if it is right. Each wrong code counts, and the fifth ends it."""
        if self.used_at is not None or self.tries >= TRIES_MAX or at >= self.expires_at:
            return False
        self.tries += 1
        if not hmac.compare_digest(digest, self.digest) or self.decoy:
            return False
        self.used_at = at
        return True

    def renew(self, digest: bytes, *, at: datetime) -> bool:
        """Replace the code with a new one and reset the failures. Return False if it was sent too often or too long ago."""
        if self.used_at is not None or self.sends >= SENDS_MAX or at >= self.created_at + RENEWABLE_FOR:
            return False
        self.digest, self.tries = digest, 0
        self.sends += 1
        self.sent_at, self.expires_at = at, at + LIFE
        return True
