"""A link, sent to the former mailbox, that undoes a change of e-mail address."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

LIFE: Final = timedelta(hours=72)
# A thief may also have made the changes to the account within this time before the change of address.
SUSPECT_FOR: Final = timedelta(hours=72)
# Keep replaced passwords for as long as a link may require one.
PASSWORDS_KEPT_FOR: Final = SUSPECT_FOR + LIFE
# Each try costs one hash. Oldest first: a thief's passwords are newer than the one that they replaced.
PASSWORDS_TRIED_MAX: Final = 10


@dataclass(eq=False)
class EmailUndo:
    """`digest` is SHA-256 of 256 random bits that only the link has. The address itself is sealed in the same row.

    `from_known_device`: the change was made on a device known for 72 hours, so by the account's owner.
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
        """Return the time from which a thief may have acted. Passkeys added since then are removed."""
        return self.created_at - SUSPECT_FOR

    @property
    def passwords_since(self) -> datetime:
        """Return the earliest time at which a replaced password can have been replaced and still undo the change.

        An owner may replace a stolen password, and then the address, on a known device. The stolen one cannot undo that.
        """
        return self.created_at if self.from_known_device else self.suspect_since

    def is_open(self, *, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at

    def use(self, *, at: datetime) -> bool:
        """Use the link. Return False if it was used before or has expired."""
        if not self.is_open(at=at):
            return False
        self.used_at = at
        return True
