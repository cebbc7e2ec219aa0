from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from compliance.application.audit import findings_on_record
from compliance.application.ports.completeness import Journal
from compliance.application.ports.transaction import UnitOfWork
from compliance.domain.completeness import FlawKind, JournalPage
from kernel.actor import Actor
from kernel.clock import Clock

# An alert must not miss that a journal was replaced, although its comparison takes seconds.
REWOUND_OPEN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ReconcileProducer:
    """Compare the next entries of a producer's journal with the log."""

    uow: UnitOfWork
    journals: Mapping[str, Journal]
    clock: Clock
    grace: timedelta

    async def __call__(self, *, producer: str) -> bool:
        """Return whether there is more to compare now. Raise JournalAway if the producer does not answer."""
        journal = self.journals[producer]
        after = await self._number(producer)
        # The producer answers before the transaction begins, so that a slow answer holds no lock.
        page = None if after is None else await journal.page(after=after)
        return page is not None and await self._compare(producer, after, page)

    async def _number(self, producer: str) -> int | None:
        async with self.uow.begin(Actor.service("compliance"), audited=False) as tx:
            known = await tx.completeness.lock(producer, at=self.clock.now())
            return known.position.number if known else None

    async def _compare(self, producer: str, after: int | None, page: JournalPage) -> bool:
        # The findings are on record; the position in the journal alone is no change that anyone made.
        async with self.uow.begin(Actor.service("compliance"), audited=False) as tx:
            at, completeness = self.clock.now(), tx.completeness
            known = await completeness.lock(producer, at=at)
            if known is None or known.position.number != after:
                # Another process has compared this page.
                return False
            size = await completeness.log_size()
            logged = await completeness.logged([entry.fact_id for entry in page.entries if entry.fact_id])
            # The log grows, but with old facts: the queue before it is long.
            newest_at = await completeness.newest_fact_at() if size > known.log_size else None
            is_behind = newest_at is not None and at - newest_at > self.grace
            flaws = list(known.compare(page, logged, at=at, grace=self.grace, is_log_behind=is_behind))
            arrived = await completeness.resolve_arrived(known, until=size, at=at)
            resolved = [flaw for flaw in arrived if flaw.kind is FlawKind.MISSING]
            flaws += [flaw for flaw in arrived if flaw.kind is FlawKind.DIFFERENT]
            if known.is_at_end:
                resolved += await completeness.resolve_rewound(producer, found_before=at - REWOUND_OPEN, at=at)
            if new := await completeness.add(known, flaws, at=at):
                tx.record(findings_on_record.found(producer, new, at=at))
            if resolved:
                tx.record(findings_on_record.resolved(producer, resolved, at=at))
            known.log_size = size
            await completeness.save(known)
            return not known.is_at_end
