"""How attempts are limited, and how they are recorded by count."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.attempts import CountedAttempts
from kernel.audit import AuditFact


class AttemptLimits(Protocol):
    """How often a password may be tried within an hour, and how often wrongly in a row, however slowly.

    Attempts count against the account, whoever makes them, and failures against the address. A device that has proven
    itself known to the account counts for itself alone: no stranger can use up what its owner has there.
    """

    async def admit(self, account: str, ip: str, *, device: str | None = None) -> None:
        """Count an attempt; raises TooManyAttempts when there were too many."""

    async def fail(self, ip: str) -> None:
        """Count a failure against the address. A success counts nothing: a whole office may share one."""

    async def forget(self, account: str, ip: str, *, device: str | None = None) -> None:
        """Start counting the account's attempts anew after a success; of a known device only its own."""

    async def unlock(self, account: str, *, devices: Sequence[str] = ()) -> None:
        """Start counting an account's attempts anew, also those of `devices` known to it.

        Raises Unavailable when the counters cannot be reached.
        """


class AttemptCounts(Protocol):
    async def count(self, source: str, fact: AuditFact, *, account: str, times: int = 1) -> bool:
        """Count an attempt that was made so many times; False, without counting, where one is to be a fact of its own.

        The source is locked until the transaction ends: call it last.
        """

    async def room_for(self, acts: Mapping[tuple[str, str], int], *, at: datetime) -> Mapping[tuple[str, str], int]:
        """Note acts by account and action; return how many of each are to be facts of their own, within this hour.

        The accounts' acts are locked until the transaction ends: call it late.
        """

    async def lock_due(self, *, at: datetime, limit: int) -> Sequence[CountedAttempts]:
        """Find and lock the sources whose attempts are due for the log, leaving out those that others hold."""

    async def settle(self, sources: Sequence[str], *, at: datetime) -> None:
        """Drop what was counted of these sources, now that the log has it."""

    async def purge(self, entered_before: datetime) -> int:
        """Drop sources of which nothing waits; tell how many there were."""


class AttemptUnlocking(Protocol):
    async def __call__(self, *, user_id: UUID) -> None:
        """Reset every count of a user's password attempts; raises Unavailable when the counters cannot be reached."""
