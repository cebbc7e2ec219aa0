"""The read models of second factors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PasskeyView:
    id: UUID
    name: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None
    flagged_at: datetime | None


@dataclass(frozen=True, slots=True)
class FactorsView:
    """`totp_confirmed_at` is None without an authenticator app."""

    totp_confirmed_at: datetime | None
    backup_codes_left: int
    passkeys: Sequence[PasskeyView]

    @property
    def methods(self) -> tuple[str, ...]:
        """The factors that the user can use at a sign-in."""
        offered = {
            "totp": self.totp_confirmed_at is not None,
            "backup_code": self.backup_codes_left > 0,
            "passkey": any(passkey.flagged_at is None for passkey in self.passkeys),
        }
        return tuple(name for name, usable in offered.items() if usable)


class FactorViews(Protocol):
    async def factors_of(self, user_id: UUID) -> FactorsView: ...
