"""A link in a mailbox that was left, by which the change of address is undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

LIFE: Final = timedelta(hours=72)
# What was done to the account so shortly before its address was changed may be the same thief's.
SUSPECT_FOR: Final = timedelta(hours=72)
# Replaced passwords are kept for as long as a link may ask for one.
PASSWORDS_KEPT_FOR: Final = SUSPECT_FOR + LIFE
# Each costs a hash. The oldest first: a thief's are later than the one that they replaced.
PASSWORDS_TRIED_MAX: Final = 10


@dataclass(eq=False)
class EmailUndo:
    """`digest` is SHA-256 of 256 random bits that only the link holds; the address itself is kept sealed beside it."""

    id: UUID
    user_id: UUID
    digest: bytes
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    @classmethod
    def issue(cls, undo_id: UUID, user_id: UUID, digest: bytes, *, at: datetime) -> Self:
        return cls(undo_id, user_id, digest, at, at + LIFE)

    @property
    def suspect_since(self) -> datetime:
        """Since when a thief may have acted: a password that was replaced since is taken, a passkey that was added is not."""
        return self.created_at - SUSPECT_FOR

    def is_open(self, *, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at

    def use(self, *, at: datetime) -> bool:
        """Use the link up; False when it was, or is too old."""
        if not self.is_open(at=at):
            return False
        self.used_at = at
        return True
