"""The age of the comparison, with facts that come and get their numbers continuously."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from compliance.domain.completeness import Flaw, JournalEntry, JournalPage, LoggedFact, ProducerJournal, chain_of

GRACE = timedelta(seconds=30)
# A tenth of a page, for a tenth of the facts: a round needs as many pages as with 50 to 500 facts a second.
PAGE_ENTRIES, PAGE_SECONDS, ROUND_SECONDS = 100, 0.02, 5.0
DIGEST = bytes(32)


@dataclass
class Busy:
    """A producer that commits `rate` facts a second, and numbers all of them when a second begins. The log has each at once."""

    rate: int
    clock: ControlledClock = field(default_factory=ControlledClock)
    entries: list[JournalEntry] = field(default_factory=list)
    stopped_after: float | None = None

    def __post_init__(self) -> None:
        self.known = ProducerJournal(producer="payments", created_at=self.clock.now())

    def look(self) -> list[Flaw]:
        """Compare one page."""
        committed, after = int(self.clock.elapsed() * self.rate), self.known.position.number
        self._number_until(int(min(self.clock.elapsed(), self.stopped_after or self.clock.elapsed())) * self.rate)
        entries = self.entries[after : after + PAGE_ENTRIES]
        page = JournalPage(entries, len(self.entries), self.known.position.chain, unnumbered=committed - len(self.entries))
        logged = {each.fact_id: LoggedFact(each.number, "payments", DIGEST) for each in entries if each.fact_id}
        return list(self.known.compare(page, logged, at=self.clock.now(), grace=GRACE))

    def ages(self, *, seconds: float) -> Iterator[float]:
        """Compare in rounds, as a worker does, and yield the age of the comparison after each."""
        until = self.clock.elapsed() + seconds
        while self.clock.elapsed() < until:
            self.clock.advance(seconds=ROUND_SECONDS)
            assert self.look() == []
            while not self.known.is_at_end:
                self.clock.advance(seconds=PAGE_SECONDS)
                assert self.look() == []
            assert self.known.reconciled_at
            yield (self.clock.now() - self.known.reconciled_at).total_seconds()

    def _number_until(self, number: int) -> None:
        for next_number in range(len(self.entries) + 1, number + 1):
            fact_id, previous = UUID(int=next_number), self.entries[-1].chain if self.entries else b""
            self.entries.append(JournalEntry(next_number, fact_id, DIGEST, chain_of(previous, fact_id, DIGEST)))


@pytest.mark.parametrize("rate", [5, 50])
def test_a_busy_producer_whose_facts_get_numbers_stays_known(rate: int) -> None:
    assert max(Busy(rate).ages(seconds=600)) < ROUND_SECONDS


@pytest.mark.parametrize("rate", [5, 50])
def test_a_busy_producer_whose_facts_get_no_numbers_grows_old(rate: int) -> None:
    busy = Busy(rate, stopped_after=20)
    *_, age = busy.ages(seconds=80)
    assert busy.known.last_number == 20 * rate
    # From the round in which the journal was seen to grow last.
    assert age == pytest.approx(busy.clock.elapsed() - 20, abs=ROUND_SECONDS)
