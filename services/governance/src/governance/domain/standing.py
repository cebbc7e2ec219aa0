"""A user's standing: whether they are able to act. Identity decides it; governance records it to count who can manage roles."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID


@dataclass(eq=False)
class Standing:
    """The last recorded standing of a user. A user without a record is able to act.

    `version` is the version of the user in identity. It orders announcements.
    """

    subject_id: UUID
    is_able: bool
    version: int
    recorded_at: datetime

    @classmethod
    def unrecorded(cls, subject_id: UUID, *, at: datetime) -> Self:
        return cls(subject_id, is_able=True, version=0, recorded_at=at)

    def disable(self, *, version: int, at: datetime) -> None:
        """Record that identity is about to suspend, delete or erase the user. `version` is the version before that."""
        self._record(is_able=False, version=max(version, self.version), at=at)

    def is_news(self, *, is_able: bool, version: int) -> bool:
        """Return whether a change that identity announced differs from the record and is not older than it.

        A release of identity that announces no version (0) did not ask before it disabled a user. Its changes count as news.
        """
        is_later = version > self.version or (version == 0 and not is_able)
        return is_able != self.is_able and is_later

    def follow(self, *, is_able: bool, version: int, at: datetime) -> None:
        """Record a change that identity announced. Check `is_news` first."""
        self._record(is_able=is_able, version=max(version, self.version), at=at)

    def correct(self, *, is_able: bool, at: datetime) -> None:
        """Record identity's answer to a query."""
        self._record(is_able=is_able, version=self.version, at=at)

    def _record(self, *, is_able: bool, version: int, at: datetime) -> None:
        self.is_able, self.version, self.recorded_at = is_able, version, at
