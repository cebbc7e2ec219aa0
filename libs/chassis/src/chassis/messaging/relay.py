"""The relay: publishes the outbox to RabbitMQ in order within each aggregate, and deletes only confirmed rows.

`kill -9` is safe at any point: a row is deleted after its confirm, so an event is published at least once.
"""

import asyncio
import time
from collections import Counter as Counts
from collections.abc import Sequence
from functools import partial

import psycopg
import structlog
from aio_pika.exceptions import AMQPChannelError, PublishError
from prometheus_client import Counter, Gauge

from chassis.messaging.blocked_aggregates import BlockedAggregates
from chassis.messaging.connection import STABLE_SECONDS, BrokerLost, Session, keep_session, underlay_of
from chassis.messaging.contracts import Publications
from chassis.messaging.journal import Journal
from chassis.messaging.leadership import Leadership, lead
from chassis.messaging.lease import LEASE_SECONDS, LeaseExpired, Terms
from chassis.messaging.outbox_table import OutboxRow, OutboxTable
from chassis.messaging.publisher import IN_FLIGHT_MAX, PUBLISH_TIMEOUT_SECONDS, Publisher, Wave
from chassis.messaging.topology import declare_publications
from chassis.waiting import Backoff, run_first, sleep_unless, wait_any

BATCH_ROWS = 200
# A NOTIFY can be lost with its connection; polling guarantees delivery.
POLL_SECONDS = 1.0
# The pause after a wave that was not full: rows that arrive meanwhile share a fetch, a delete and a commit. No pause after idle
# time.
GATHER_SECONDS = 0.02
MEASURE_SECONDS = 5.0
# How often the outbox is read whole, as a safety net of the low-water mark. The walk is long while an old snapshot is open.
OVERLOOKED_SECONDS = 300.0
# An undefined table or function: the migrations have not run yet; services may start in any order.
DATABASE_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
)
# With more blocked aggregates than this, the cause is not single messages.
HOLDS_MAX = 1_000

OLDEST_UNSENT = Gauge("outbox_oldest_unsent_seconds", "Age of the oldest event that the broker has not confirmed.")
UNSENT_ROWS = Gauge("outbox_unsent_rows", "Events that the broker has not confirmed; counted up to 100,000.")
LEADING = Gauge("relay_leading", "1 in the process whose relay leads.")
PUBLISHED = Counter("relay_published", "Events that the broker confirmed.", ["type"])
FAILURES = Counter("relay_failures", "Failed publishes, by reason.", ["reason"])

log = structlog.get_logger()


class Relay:
    """Publishes one service's outbox. Any number of processes may run it; one of them leads.

    `database_url` is a libpq URL of the role <service>_relay.
    """

    def __init__(
        self,
        database_url: str,
        rabbitmq_url: str,
        publications: Publications,
        *,
        batch_rows: int = BATCH_ROWS,
        in_flight_max: int = IN_FLIGHT_MAX,
        publish_timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._database_url = database_url
        self._rabbitmq_url = rabbitmq_url
        self._publications = publications
        self._batch_rows = batch_rows
        self._in_flight_max = in_flight_max
        self._publish_timeout_seconds = publish_timeout_seconds
        self._terms = Terms(lease_seconds)
        self._name = f"{publications.producer} relay"
        self._window = in_flight_max
        self._holds = BlockedAggregates(time.monotonic)

    async def run(self, stop: asyncio.Event) -> None:
        """Lead or stand by until `stop` is set; waits for PostgreSQL and RabbitMQ without a limit."""
        backoff = Backoff()
        while not stop.is_set():
            began_at = time.monotonic()
            try:
                async with lead(self._database_url, stop=stop, terms=self._terms) as leadership:
                    if leadership:
                        await self._lead(leadership, stop)
            except LeaseExpired as error:
                # The process hung, and another one may lead: begin as a stand-by.
                log.warning("relay_lease_expired", reason=str(error))
            except DATABASE_AWAY as error:
                if time.monotonic() - began_at > STABLE_SECONDS:
                    backoff.reset()
                reason = f"{type(error).__name__}: {str(error).strip()}"
                log.warning("relay_waiting_for_database", database=self._database_place(), reason=reason)
                await sleep_unless(stop, backoff.next())

    def _database_place(self) -> str:
        where = psycopg.conninfo.conninfo_to_dict(self._database_url)
        return f"{where.get('host')}:{where.get('port', 5432)}/{where.get('dbname')}"

    async def _lead(self, leadership: Leadership, stop: asyncio.Event) -> None:
        async with await leadership.connect(self._database_url) as connection:
            table = OutboxTable(connection)
            await table.reserve()
            work = partial(self._publish_all, table, leadership, stop)
            LEADING.set(1)
            try:
                await run_first(
                    leadership.keep(),
                    _measure(table),
                    Journal(connection).run(),
                    keep_session(self._rabbitmq_url, work, name=self._name, stop=stop),
                )
            finally:
                LEADING.set(0)

    async def _publish_all(self, table: OutboxTable, leadership: Leadership, stop: asyncio.Event, session: Session) -> None:
        await declare_publications(session, self._publications)
        channel = await session.channel()
        publisher = Publisher(
            await underlay_of(channel),
            self._publications,
            timeout_seconds=self._publish_timeout_seconds,
            allowed=lambda: leadership.lease.held,
        )
        while not stop.is_set():
            leadership.wake.clear()
            rows = await table.fetch(limit=self._batch_rows, without=self._holds.active())
            if not rows:
                await wait_any(leadership.wake, stop, session.lost, seconds=POLL_SECONDS)
            else:
                wave = await publisher.send(rows, in_flight_max=self._window)
                if wave.confirmed:
                    await table.delete(wave.confirmed)
                _count(rows, wave)
                await self._learn(wave, rows, session)
                if len(rows) < self._batch_rows:
                    await wait_any(stop, session.lost, seconds=GATHER_SECONDS)
            if session.lost.is_set():
                raise BrokerLost("while relaying")
            leadership.lease.require()

    async def _learn(self, wave: Wave, rows: Sequence[OutboxRow], session: Session) -> None:
        for aggregate, error in wave.refused.items():
            log.error("event_refused_by_broker", aggregate_id=aggregate, reason=str(error))
            self._holds.put(aggregate)
        if len(self._holds):
            confirmed = set(wave.confirmed)
            for row in rows:
                if row.position in confirmed and row.aggregate not in wave.refused:
                    self._holds.release(row.aggregate)
        if wave.broken:
            self._narrow(wave)
            raise BrokerLost(f"publishing failed: {wave.broken!r}") from wave.broken
        self._window = min(self._window * 2, self._in_flight_max)
        if len(self._holds) > HOLDS_MAX:
            raise BrokerLost(f"more than {HOLDS_MAX} aggregates refused")
        if any(isinstance(error, PublishError) for error in wave.refused.values()):
            # Unroutable: a queue or binding was removed. Declare it again.
            await declare_publications(session, self._publications)

    def _narrow(self, wave: Wave) -> None:
        """Continue one message at a time, so that a message that breaks the channel is found and blocked."""
        if self._window == 1 and wave.suspect and isinstance(wave.broken, AMQPChannelError):
            log.error("event_breaks_channel", aggregate_id=wave.suspect, reason=str(wave.broken))
            self._holds.put(wave.suspect)
        self._window = 1


def _count(rows: Sequence[OutboxRow], wave: Wave) -> None:
    confirmed = set(wave.confirmed)
    for type_, number in Counts(row.type for row in rows if row.position in confirmed).items():
        PUBLISHED.labels(type_).inc(number)
    for error in wave.refused.values():
        FAILURES.labels("unroutable" if isinstance(error, PublishError) else "refused").inc()
    if wave.broken:
        FAILURES.labels("timeout" if isinstance(wave.broken, TimeoutError) else "broken").inc()


async def _look_for_overlooked(table: OutboxTable) -> None:
    try:
        if position := await table.find_overlooked():
            log.error("event_overlooked", position=position)
    except psycopg.errors.QueryCanceled:
        # A very old snapshot keeps the entries of millions of deleted rows; the relay goes on from its mark.
        log.warning("outbox_not_read_whole", reason="it takes longer than a statement may")


async def _measure(table: OutboxTable) -> None:
    looked_at = time.monotonic()
    while True:
        if time.monotonic() - looked_at >= OVERLOOKED_SECONDS:
            looked_at = time.monotonic()
            await _look_for_overlooked(table)
        rows, oldest_seconds = await table.backlog()
        UNSENT_ROWS.set(rows)
        OLDEST_UNSENT.set(oldest_seconds)
        await asyncio.sleep(MEASURE_SECONDS)
