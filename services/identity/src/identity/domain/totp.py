"""A user's authenticator app: six digits from a shared secret and the time (RFC 6238)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID


@dataclass(eq=False)
class Totp:
    """`last_step` is the latest time step with an accepted code. It and all earlier ones are used (RFC 6238 section 5.2).

    The secret is not part of it: the vault seals and opens it. Until `confirmed_at`, the app has proven nothing.
    """

    user_id: UUID
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0

    @classmethod
    def begin(cls, user_id: UUID, *, at: datetime) -> Self:
        return cls(user_id, at)

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    def confirm(self, step: int, *, at: datetime) -> None:
        """Confirm the app with the code of this step, which is then used."""
        self.confirmed_at, self.last_step = at, step

    def accept(self, step: int) -> bool:
        """Use a step. Return False if it was used before or the app was never confirmed."""
        if not self.is_confirmed or step <= self.last_step:
            return False
        self.last_step = step
        return True
