"""Journals of producers, with facts that are not in the log."""

from dataclasses import dataclass

from compliance.application.audit.reconcile_producer import ReconcileProducer
from compliance.domain.completeness import JournalEntry, JournalPage, chain_of
from services.compliance.tests.entries import entry


class Numbered:
    """A journal of facts that are not in the log."""

    def __init__(self, count: int) -> None:
        self.facts = [entry(digest=bytes([number]) * 32) for number in range(1, count + 1)]

    async def page(self, *, after: int) -> JournalPage:
        chains, entries = [b""], []
        for number, fact in enumerate(self.facts, start=1):
            assert fact.digest
            chains.append(chain_of(chains[-1], fact.fact_id, fact.digest))
            entries.append(JournalEntry(number, fact.fact_id, fact.digest, chains[-1]))
        return JournalPage(entries[after:], len(entries), chains[after], unsent=0)


@dataclass
class Journals:
    payments: Numbered
    identity: Numbered
    reconcile: ReconcileProducer
