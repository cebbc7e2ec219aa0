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
    """`digest` is SHA-256 of 256 random bits that only the link holds; the address itself is kept sealed beside it.

    `from_known_device`: the change was made on a device that the account had known for long, so by its owner.
    """

    id: UUID
    user_id: UUID
    digest: bytes
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    from_known_device: bool = False

    @classmethod
    def issue(cls, undo_id: UUID, user_id: UUID, digest: bytes, *, at: datetime, from_known_device: bool = False) -> Self:
        return cls(undo_id, user_id, digest, at, at + LIFE, from_known_device=from_known_device)

    @property
    def suspect_since(self) -> datetime:
        """Since when a thief may have acted: a passkey that was added since is removed."""
        return self.created_at - SUSPECT_FOR

    @property
    def passwords_since(self) -> datetime:
        """Since when a password may have been replaced and undoes the change all the same.

        An owner who fled a thief of the password, and changed the address on a known device, is not undone by that password.
        """
        return self.created_at if self.from_known_device else self.suspect_since

    def is_open(self, *, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at

    def use(self, *, at: datetime) -> bool:
        """Use the link up; False when it was, or is too old."""
        if not self.is_open(at=at):
            return False
        self.used_at = at
        return True
