"""The journals of producers, and what is known of their completeness."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from compliance.domain.completeness import Flaw, JournalPage, LoggedFact, ProducerJournal
from kernel.errors import Unavailable


class JournalAway(Unavailable):
    """The producer did not answer with its journal."""


class Journal(Protocol):
    """The journal of one producer."""

    async def page(self, *, after: int) -> JournalPage:
        """Return the entries after a number, some hundreds at a time. Raise JournalAway if the producer does not answer."""


class CompletenessRepository(Protocol):
    async def lock(self, producer: str, *, at: datetime) -> ProducerJournal | None:
        """Lock what is known of a producer until the transaction ends. Return None if another process has the lock."""

    async def save(self, journal: ProducerJournal) -> None: ...

    async def log_size(self) -> int: ...

    async def newest_fact_at(self) -> datetime | None:
        """Return when the fact of the log's last entry occurred."""

    async def logged(self, fact_ids: Collection[UUID]) -> Mapping[UUID, LoggedFact]:
        """Return the facts of these ids that are in the log."""

    async def add(self, journal: ProducerJournal, flaws: Sequence[Flaw], *, at: datetime) -> Sequence[Flaw]:
        """Store flaws as findings. Return those that had no open finding."""

    async def resolve_arrived(self, journal: ProducerJournal, *, until: int, at: datetime) -> Sequence[Flaw]:
        """Resolve the findings of missing facts that the log has in its entries from `journal.log_size` to `until`.

        Return their flaws, with the kind `different` if the log's fact has another digest.
        """

    async def resolve_rewound(self, producer: str, *, found_before: datetime, at: datetime) -> Sequence[Flaw]: ...


class LoggedFacts(Protocol):
    """The facts of the log, for the comparison of everything."""

    async def size(self) -> int: ...

    async def logged(self, fact_ids: Collection[UUID]) -> Mapping[UUID, LoggedFact]: ...

    def digests(self, *, until: int) -> AsyncIterator[Sequence[tuple[int, UUID, str]]]:
        """Yield sequence, fact and producer of the entries below `until` that have a digest, thousands at a time, in order."""
