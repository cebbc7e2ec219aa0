"""What recording attempts by count needs of the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.attempts import CountedAttempts
from kernel.audit import AuditFact


class AttemptCounts(Protocol):
    async def count(self, source: str, fact: AuditFact, *, account: str) -> bool:
        """Count an attempt; False, without counting, for one that is to be a fact of its own.

        The source is locked until the transaction ends: call it last.
        """

    async def lock_due(self, *, at: datetime, limit: int) -> Sequence[CountedAttempts]:
        """Find and lock the sources whose attempts are due for the log, leaving out those that others hold."""

    async def settle(self, sources: Sequence[str], *, at: datetime) -> None:
        """Drop what was counted of these sources, now that the log has it."""

    async def purge(self, entered_before: datetime) -> int:
        """Drop sources of which nothing waits; tell how many there were."""
