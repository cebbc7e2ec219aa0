"""Compare the producers' journals with the log continuously."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import Gauge

from chassis.errors import as_domain_error
from chassis.telemetry import log
from chassis.waiting import sleep_unless
from compliance.application.audit.list_audit_producers import ListAuditProducers
from compliance.application.audit.reconcile_producer import ReconcileProducer
from compliance.application.ports.completeness import JournalAway
from kernel.errors import InvalidValue, Kind

# The pause between pages while a journal is far ahead, so that appends come first.
PAGE_PAUSE_SECONDS = 0.02

MISSING = Gauge("audit_facts_missing", "Facts in a producer's journal that the log does not have.", ["producer"])
FLAWS = Gauge(
    "audit_journal_flaws", "Other open findings in a producer's journal, such as a gap or a changed fact.", ["producer"]
)
AGE = Gauge("audit_reconciled_age_seconds", "Time since a producer's journal was last compared to its end.", ["producer"])


class Reconciliation:
    """Compare each producer's journal with the log, independently of the others, every `pause_seconds`."""

    def __init__(
        self,
        reconcile_producer: ReconcileProducer,
        list_producers: ListAuditProducers,
        *,
        pause_seconds: float,
    ) -> None:
        self._reconcile_producer = reconcile_producer
        self._list_producers = list_producers
        self._pause_seconds = pause_seconds
        self._unread: set[str] = set()

    def runs(self) -> Sequence[Callable[[asyncio.Event], Awaitable[None]]]:
        """Return the background work: one for each producer, and one that measures."""
        return [self._run_of(producer) for producer in self._reconcile_producer.journals] + [self._measure_all]

    def _run_of(self, producer: str) -> Callable[[asyncio.Event], Awaitable[None]]:
        async def run(stop: asyncio.Event) -> None:
            while not stop.is_set():
                has_more = await self._reconcile(producer)
                await sleep_unless(stop, PAGE_PAUSE_SECONDS if has_more else self._pause_seconds)

        return run

    async def _reconcile(self, producer: str) -> bool:
        try:
            has_more = await self._reconcile_producer(producer=producer)
        except (JournalAway, InvalidValue) as error:
            # Logged once. The age of the last comparison grows, and an alert follows.
            if producer not in self._unread:
                log.warning("journal_not_read", producer=producer, reason=str(error))
            self._unread.add(producer)
        except Exception as error:
            # The database may be unavailable for a while. Any other error is a defect.
            if as_domain_error(error).kind is not Kind.UNAVAILABLE:
                raise
            log.warning("journal_not_reconciled", producer=producer, reason=str(error))
        else:
            if producer in self._unread:
                log.info("journal_read_again", producer=producer)
            self._unread.discard(producer)
            return has_more
        return False

    async def _measure_all(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._measure()
            except Exception as error:
                if as_domain_error(error).kind is not Kind.UNAVAILABLE:
                    raise
                log.warning("completeness_not_measured", reason=str(error))
            await sleep_unless(stop, self._pause_seconds)

    async def _measure(self) -> None:
        for state in await self._list_producers():
            producer = state.view.producer
            MISSING.labels(producer).set(state.view.missing)
            FLAWS.labels(producer).set(state.view.others)
            AGE.labels(producer).set(state.age_seconds)
