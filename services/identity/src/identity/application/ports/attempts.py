"""How attempts are limited, and how they are counted for the audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.attempts import CountedAttempts
from kernel.audit import AuditFact


class AttemptLimits(Protocol):
    """Limits of password attempts within an hour, and of failures in a row over any time.

    Attempts count against the account, from any caller, and failures against the address. A device that has proven to be known
    to the account has its own count, so that strangers cannot use up its attempts.
    """

    async def admit(self, account: str, ip: str, *, device: str | None = None) -> None:
        """Count an attempt. Raise TooManyAttempts if there were too many."""

    async def fail(self, ip: str) -> None:
        """Count a failure against the address. Successes do not count, because a whole office may share an address."""

    async def forget(self, account: str, ip: str, *, device: str | None = None) -> None:
        """Reset the account's count after a success; for a known device, only the device's count."""

    async def unlock(self, account: str, *, devices: Sequence[str] = ()) -> None:
        """Reset an account's counts, including those of its known `devices`.

        Raise Unavailable if the counters cannot be reached.
        """


class AttemptCounts(Protocol):
    async def count(self, source: str, fact: AuditFact, *, account: str, times: int = 1) -> bool:
        """Count an attempt that was made `times` times. Return False, without counting, if it is to be a fact of its own.

        The source stays locked until the transaction ends, so call this last.
        """

    async def room_for(self, acts: Mapping[tuple[str, str], int], *, at: datetime) -> Mapping[tuple[str, str], int]:
        """Add acts by account and action. Return how many of each are to be facts of their own within this hour.

        The accounts' counts stay locked until the transaction ends, so call this late.
        """

    async def lock_due(self, *, at: datetime, limit: int) -> Sequence[CountedAttempts]:
        """Find and lock the sources whose attempts are due for the log. Skip sources that others have locked."""

    async def settle(self, sources: Sequence[str], *, at: datetime) -> None:
        """Delete the counts of these sources, which the log now has."""

    async def purge(self, entered_before: datetime) -> int:
        """Delete sources without unrecorded attempts. Return how many there were."""


class AttemptUnlocking(Protocol):
    async def __call__(self, *, user_id: UUID) -> None:
        """Reset all counts of a user's password attempts. Raise Unavailable if the counters cannot be reached."""
