"""Compare the journals of all producers with the log, from their first entries, in both directions."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from compliance.application.ports.completeness import Journal, JournalAway, LoggedFacts
from compliance.domain.completeness import Flaw, FlawKind, JournalPage, LoggedFact, Position, flaws_at
from kernel.clock import Clock
from kernel.errors import InvalidValue

# Problems of one producer that are named; further ones are counted.
NAMED_MAX: Final = 1_000
# Facts that may still be on their way; without a limit, an emptied log would fill the memory.
AWAITED_MAX: Final = 100_000
POLL_SECONDS: Final = 0.5


@dataclass
class ProducerFinding:
    """The result for one producer. The log has all its facts if it is not away and there are no problems.

    `before` counts the log's entries of before the producer had a journal.
    """

    producer: str
    facts: int = 0
    before: int = 0
    away: str | None = None
    count: int = 0
    problems: list[str] = field(default_factory=list)

    def complain(self, problem: str) -> None:
        self.count += 1
        if len(self.problems) < NAMED_MAX:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class CheckProducers:
    """Find facts that the log lacks, and entries of the log that no journal names.

    Memory is one bit for each entry of the log, and the facts that may still be on their way.
    """

    log: LoggedFacts
    journals: Mapping[str, Journal]
    clock: Clock
    wait: Callable[[float], Awaitable[None]]
    grace: timedelta

    async def __call__(self, *, from_entry: int = 0) -> Sequence[ProducerFinding]:
        """Return a finding for each producer. Entries below `from_entry` may be unnamed: an earlier release appended them."""
        named = _Named(await self.log.size())
        walks = [_Walk(producer, journal, self.log, named) for producer, journal in self.journals.items()]
        for walk in walks:
            await walk.to_the_end()
        unnamed = await self._unnamed(named, walks, from_entry)
        until = self.clock.elapsed() + self.grace.total_seconds()
        while (unnamed or any(walk.is_waiting for walk in walks)) and self.clock.elapsed() < until:
            await self.wait(POLL_SECONDS)
            for walk in walks:
                await walk.to_the_end()
                await walk.look_again()
            unnamed = [entry for entry in unnamed if entry.sequence not in named]
        return _findings(walks, unnamed)

    async def _unnamed(self, named: "_Named", walks: Sequence["_Walk"], from_entry: int) -> "list[_Unnamed]":
        """Return the log's entries that no journal names, without those of before the journals."""
        by_producer = {walk.finding.producer: walk for walk in walks}
        found: list[_Unnamed] = []
        async for chunk in self.log.digests(until=named.size):
            for sequence, fact_id, producer in chunk:
                walk = by_producer.get(producer)
                if sequence in named or (walk and walk.finding.away):
                    continue
                if walk and sequence < max(walk.first_sequence or 0, from_entry):
                    walk.finding.before += 1
                elif len(found) < AWAITED_MAX:
                    found.append(_Unnamed(sequence, fact_id, producer))
        return found


@dataclass(frozen=True, slots=True)
class _Unnamed:
    sequence: int
    fact_id: UUID
    producer: str


class _Named:
    """The entries of the log that a journal names: one bit each."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._bits = bytearray(size // 8 + 1)

    def add(self, sequence: int) -> None:
        if sequence < self.size:
            self._bits[sequence >> 3] |= 1 << (sequence & 7)

    def __contains__(self, sequence: int) -> bool:
        return bool(self._bits[sequence >> 3] & 1 << (sequence & 7))


class _Walk:
    """A walk through one journal; `awaited` are its facts that the log does not have."""

    def __init__(self, producer: str, journal: Journal, log: LoggedFacts, named: _Named) -> None:
        self.finding = ProducerFinding(producer)
        self.awaited: dict[UUID, Flaw] = {}
        # Entries of the log below the first that the journal names are older than the journal.
        self.first_sequence: int | None = None
        self._journal = journal
        self._log = log
        self._named = named
        self._position = Position()
        self._page: JournalPage | None = None
        # The journal's end when facts without a number were seen first.
        self._unnumbered_at: int | None = None

    @property
    def is_stalled(self) -> bool:
        return self._page is not None and self._unnumbered_at is not None and self._page.is_stalled(self._unnumbered_at)

    @property
    def is_waiting(self) -> bool:
        return bool(self.awaited) or self.is_stalled

    def complain(self) -> None:
        """Report what has not arrived, and what no relay has numbered."""
        for flaw in self.awaited.values():
            self.finding.complain(flaw.text)
        if self._page and self.is_stalled:
            count, last = self._page.unnumbered, self._page.last_number
            self.finding.complain(f"{count} facts have no number, and none was given after {last}: no relay numbers them")

    async def to_the_end(self) -> None:
        try:
            while not self.finding.away and await self._next_page():
                pass
        except (JournalAway, InvalidValue) as problem:
            self.finding.away = str(problem)

    async def look_again(self) -> None:
        for fact_id, logged in (await self._log.logged(self.awaited)).items():
            flaw = self.awaited.pop(fact_id)
            self._take(logged)
            if logged.producer != self.finding.producer or logged.digest not in {None, flaw.digest}:
                self.finding.complain(Flaw(FlawKind.DIFFERENT, flaw.number, fact_id, flaw.digest).text)

    async def _next_page(self) -> bool:
        page = self._page = await self._journal.page(after=self._position.number)
        if page.unnumbered and self._unnumbered_at is None:
            self._unnumbered_at = page.last_number
        if page.chain != self._position.chain:
            self.finding.complain(Flaw(FlawKind.REWOUND, self._position.number).text)
            self.finding.away = "the journal was replaced during the check: run it again"
            return False
        logged = await self._log.logged([entry.fact_id for entry in page.entries if entry.fact_id])
        self._compare(page, logged)
        return bool(page.entries)

    def _compare(self, page: JournalPage, logged: Mapping[UUID, LoggedFact]) -> None:
        for entry in page.entries:
            found = logged.get(entry.fact_id) if entry.fact_id else None
            for flaw in flaws_at(self._position, entry, found, producer=self.finding.producer):
                if flaw.fact_id and flaw.kind is FlawKind.MISSING and len(self.awaited) < AWAITED_MAX:
                    self.awaited[flaw.fact_id] = flaw
                else:
                    self.finding.complain(flaw.text)
            self._position = Position(entry.number, entry.chain)
            self.finding.facts += 1
            if found:
                self._take(found)

    def _take(self, logged: LoggedFact) -> None:
        self._named.add(logged.sequence)
        if self.first_sequence is None or logged.sequence < self.first_sequence:
            self.first_sequence = logged.sequence


def _findings(walks: Sequence[_Walk], unnamed: Collection[_Unnamed]) -> Sequence[ProducerFinding]:
    findings = {walk.finding.producer: walk.finding for walk in walks}
    for walk in walks:
        walk.complain()
    for entry in unnamed:
        finding = findings.setdefault(entry.producer, ProducerFinding(entry.producer))
        finding.complain(f"entry {entry.sequence} of the log (fact {entry.fact_id}) is in no journal")
    return list(findings.values())
