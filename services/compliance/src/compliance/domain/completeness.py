"""The completeness of the log: each producer numbers its facts in a journal, and compliance compares the journal with the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from kernel.errors import InvalidValue

DIGEST_BYTES: Final = 32
# The journal's last number is noted at most this often, so that few of them are kept.
SEEN_APART: Final = timedelta(seconds=1)
# The time between two looks at a journal counts at most this much towards the age of its numbers.
BETWEEN_LOOKS: Final = timedelta(seconds=10)
# While facts are late on their way, one that is missing is named after this time at the latest.
LATE_MAX: Final = timedelta(minutes=10)
# The producers of audit facts: the services.
PRODUCERS: Final = ("identity", "payments", "governance", "compliance")


class FlawKind(StrEnum):
    """What is wrong with a number of a journal.

    `missing`: the fact is not in the log. `different`: the log has another fact with its id. `removed`: the journal has the
    number, but its fact was deleted. `gap`: the journal does not have the number. `altered`: the journal's entry does not match
    its chain. `rewound`: the journal ends before this number or has another chain there, so it was replaced, for example by a
    backup.
    """

    MISSING = "missing"
    DIFFERENT = "different"
    REMOVED = "removed"
    GAP = "gap"
    ALTERED = "altered"
    REWOUND = "rewound"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A flaw at a number; `fact_id` and `digest` are the journal's, if it has them."""

    kind: FlawKind
    number: int
    fact_id: UUID | None = None
    digest: bytes | None = None

    @property
    def text(self) -> str:
        return _TEXTS[self.kind].format(number=self.number, fact=self.fact_id)


_TEXTS: Final = {
    FlawKind.MISSING: "fact {fact} (number {number}) is not in the log",
    FlawKind.DIFFERENT: "fact {fact} (number {number}) is in the log with another digest or producer",
    FlawKind.REMOVED: "the journal's row of number {number} was removed",
    FlawKind.GAP: "the journal has no number {number}",
    FlawKind.ALTERED: "the journal's entry {number} (fact {fact}) does not match its chain",
    FlawKind.REWOUND: "the journal was replaced: up to number {number} it is not the journal that was compared before",
}


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One numbered fact; `fact_id` is None if the journal's row was removed."""

    number: int
    fact_id: UUID | None
    digest: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class JournalPage:
    """The entries after a number, in order; `chain` is the chain at that number, empty if the journal does not have it.

    `unnumbered` counts the producer's committed facts that have no number yet.
    """

    entries: Sequence[JournalEntry]
    last_number: int
    chain: bytes
    unsent: int = 0
    unnumbered: int = 0

    def is_stalled(self, last_number: int) -> bool:
        """Return whether facts wait for a number although none was given since the journal ended at `last_number`."""
        return self.unnumbered > 0 and self.last_number == last_number


@dataclass(frozen=True, slots=True)
class LoggedFact:
    """A fact in the log; `digest` is None if an earlier release appended it."""

    sequence: int
    producer: str
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a journal, up to which it was compared."""

    number: int = 0
    chain: bytes = b""


def flaws_at(position: Position, entry: JournalEntry, logged: LoggedFact | None, *, producer: str) -> list[Flaw]:
    """Compare an entry with the position before it and with the log.

    Raises InvalidValue for a number that was compared already.
    """
    if entry.number <= position.number:
        raise InvalidValue(field="number", expected=f"more than {position.number}", given=entry.number, producer=producer)
    follows = entry.number == position.number + 1
    flaws = [] if follows else [Flaw(FlawKind.GAP, position.number + 1)]
    if entry.fact_id is None:
        return [*flaws, Flaw(FlawKind.REMOVED, entry.number)]
    if follows and entry.chain != chain_of(position.chain, entry.fact_id, entry.digest):
        flaws.append(_flaw(FlawKind.ALTERED, entry))
    if logged is None:
        flaws.append(_flaw(FlawKind.MISSING, entry))
    elif logged.producer != producer or logged.digest not in {None, entry.digest}:
        flaws.append(_flaw(FlawKind.DIFFERENT, entry))
    return flaws


def chain_of(previous: bytes, fact_id: UUID, digest: bytes) -> bytes:
    """Return the chain after a fact."""
    return sha256(previous + fact_id.bytes + digest).digest()


def _flaw(kind: FlawKind, entry: JournalEntry) -> Flaw:
    return Flaw(kind, entry.number, entry.fact_id, entry.digest)


@dataclass(slots=True, kw_only=True)
class ProducerJournal:
    """What compliance knows of one producer's journal.

    `seen` are the journal's last numbers at several moments, oldest first. `log_size` is the size of the log up to which missing
    facts were looked for. `is_at_end`: the last comparison reached the journal's end, or a fact that may still be on its way.
    """

    producer: str
    created_at: datetime
    position: Position = field(default_factory=Position)
    last_number: int = 0
    unsent: int = 0
    seen: list[tuple[int, datetime]] = field(default_factory=list)
    log_size: int = 0
    reached_at: datetime | None = None
    reconciled_at: datetime | None = None
    is_at_end: bool = False

    def compare(
        self,
        page: JournalPage,
        logged: Mapping[UUID, LoggedFact],
        *,
        at: datetime,
        grace: timedelta,
        is_log_behind: bool = False,
    ) -> Sequence[Flaw]:
        """Compare the page after the position with the log, move the position, and return the flaws.

        Stop before the first fact that is not in the log and may be on its way: its number was first seen less than `grace` ago,
        or facts are late (`is_log_behind`, or messages were not sent) and no later fact is in the log. If the journal was
        replaced, begin again with its first entry.
        """
        self._tolerate_time_between(at)
        is_late = is_log_behind or page.unsent > 0 or self.unsent > 0
        self.reached_at, self.last_number, self.unsent, self.is_at_end = at, page.last_number, page.unsent, False
        if page.chain != self.position.chain:
            rewound = Flaw(FlawKind.REWOUND, self.position.number)
            self.position, self.seen = Position(), []
            return [rewound]
        due, due_if_late = self._due(at - grace), self._due(at - LATE_MAX)
        if is_late:
            due_if_late = max(due_if_late, self._overtaken(page, logged))
        self._see(page.last_number, at)
        is_known = True
        flaws: list[Flaw] = []
        for entry in page.entries:
            found = logged.get(entry.fact_id) if entry.fact_id else None
            if entry.fact_id and found is None and (entry.number > due or (is_late and entry.number > due_if_late)):
                self.is_at_end, is_known = True, entry.number > due
                break
            flaws += flaws_at(self.position, entry, found, producer=self.producer)
            self.position = Position(entry.number, entry.chain)
        self.is_at_end = self.is_at_end or self.position.number >= page.last_number
        # The lower ones are of facts that were compared. The last one says when the journal grew.
        self.seen = [each for each in self.seen[:-1] if each[0] > self.position.number] + self.seen[-1:]
        if self.is_at_end and is_known:
            self._reconcile(page, at)
        return flaws

    def _overtaken(self, page: JournalPage, logged: Mapping[UUID, LoggedFact]) -> int:
        """Return the highest number of the page whose fact the log had at the last look: facts arrive in their order."""
        found = ((entry.number, logged.get(entry.fact_id)) for entry in page.entries if entry.fact_id)
        return max((number for number, fact in found if fact and fact.sequence < self.log_size), default=0)

    def _reconcile(self, page: JournalPage, at: datetime) -> None:
        """Note that the log is complete up to now, or if facts wait for numbers, up to when the journal grew last.

        While no relay numbers the facts, nobody can say whether the log has them: the age of the comparison grows. A relay
        numbers once a second, so a page that shows no growth since the page before it says nothing.
        """
        complete_at = at if not page.unnumbered else self.seen[-1][1] if self.seen else self.reconciled_at
        if complete_at and (self.reconciled_at is None or complete_at > self.reconciled_at):
            self.reconciled_at = complete_at

    def _tolerate_time_between(self, at: datetime) -> None:
        """Count at most `BETWEEN_LOOKS` since the last look: the clock may have been set, or nobody compared meanwhile.

        Otherwise every fact on its way would be due at once.
        """
        if self.reached_at is None:
            return
        passed = at - self.reached_at
        excess = passed - min(max(passed, timedelta()), BETWEEN_LOOKS)
        self.seen = [(number, seen_at + excess) for number, seen_at in self.seen]
        if self.reconciled_at and excess < timedelta():
            self.reconciled_at = min(self.reconciled_at, at)

    def _due(self, seen_before: datetime) -> int:
        """Return the highest number that was seen by then."""
        return max((number for number, at in self.seen if at <= seen_before), default=0)

    def _see(self, number: int, at: datetime) -> None:
        last_number, last_at = self.seen[-1] if self.seen else (self.position.number, at - SEEN_APART)
        if number > last_number and at - last_at >= SEEN_APART:
            self.seen.append((number, at))
