"""Each producer's journal is compared with the log, and what is missing is named."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.list_audit_producers import ListAuditProducers, ProducerState
from compliance.application.audit.reconcile_producer import ReconcileProducer
from compliance.application.audit.views import MissingFactFilter, MissingFactView
from compliance.application.ports.completeness import JournalAway
from compliance.infrastructure.sql.completeness import SqlCompletenessViews
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import reconcile_producer
from kernel.pages import CursorRequest
from services.compliance.tests.producers import Producer, Recorded, logged
from services.compliance.tests.stored import facts_on_record

GRACE_SECONDS = 30.0


@dataclass
class Compared:
    """A log, a producer, and their comparison."""

    producer: Producer
    database: Database
    clock: ControlledClock
    append: AppendFacts
    reconcile: ReconcileProducer
    is_broker_away: bool = False

    async def log(self, *recorded: Recorded) -> None:
        await self.append(entries=logged(*recorded))

    async def round(self) -> None:
        """Compare to the end, as a worker does every few seconds."""
        await self.producer.number()
        if not self.is_broker_away:
            await self.producer.send()
        self.clock.advance(seconds=5)
        while await self.reconcile(producer="payments"):
            pass

    async def rounds(self, *, seconds: float = GRACE_SECONDS + 10) -> None:
        for _ in range(int(seconds // 5)):
            await self.round()

    async def findings(self, **wanted: Any) -> Sequence[MissingFactView]:
        views = SqlCompletenessViews(self.database)
        return (await views.missing_facts(MissingFactFilter(**wanted), CursorRequest(limit=100))).items[::-1]

    async def found(self, **wanted: Any) -> list[tuple[str, int]]:
        return [(str(each.kind), each.number) for each in await self.findings(**wanted)]

    async def state(self) -> ProducerState:
        [state] = await ListAuditProducers(completeness=SqlCompletenessViews(self.database), clock=self.clock)()
        return state


@pytest.fixture
async def compared(
    producer: Producer,
    database: Database,
    uow: SqlUnitOfWork[SqlComplianceTransaction],
    clock: ControlledClock,
) -> Compared:
    journals = {"payments": producer}
    reconcile = reconcile_producer(database=database, journals=journals, clock=clock, grace_seconds=GRACE_SECONDS)
    return Compared(producer, database, clock, AppendFacts(uow), reconcile)


async def test_a_complete_log_has_no_findings(compared: Compared) -> None:
    for _ in range(3):
        await compared.log(*await compared.producer.record(150))
        await compared.round()
    await compared.rounds()

    state = await compared.state()
    assert (state.status, state.view.number, state.view.last_number, state.age_seconds) == ("complete", 450, 450, 0)
    assert (await compared.findings(), await facts_on_record(compared.database)) == ([], [])


async def test_a_fact_that_never_arrives_is_named_within_a_minute(compared: Compared) -> None:
    """Its outbox row was deleted, or its queue was purged."""
    first, lost, last = await compared.producer.record(3)
    await compared.producer.damage("DELETE FROM outbox")
    await compared.log(first, last)

    await compared.rounds(seconds=GRACE_SECONDS)
    assert (await compared.findings(), (await compared.state()).status) == ([], "complete")
    await compared.rounds(seconds=10)

    [finding] = await compared.findings()
    assert (finding.kind, finding.number, finding.fact_id, finding.digest) == (
        "missing",
        2,
        lost.entry.fact_id,
        lost.entry.digest,
    )
    assert (finding.producer, finding.unsent, finding.resolved_at) == ("payments", 0, None)
    state = await compared.state()
    assert (state.status, state.view.number, state.view.missing) == ("incomplete", 3, 1)
    [fact] = await facts_on_record(compared.database)
    assert (fact.action, fact.resource_id) == ("compliance.completeness.find", "payments")
    assert list(fact.related_ids) == [str(lost.entry.fact_id)]
    assert fact.after == '{"findings":{"missing":1},"named":[{"kind":"missing","number":"2"}]}'


async def test_a_fact_that_arrives_late_resolves_its_finding(compared: Compared) -> None:
    [late] = await compared.producer.record()
    await compared.rounds()
    assert await compared.found(is_open=True) == [("missing", 1)]
    await compared.log(late)
    await compared.round()

    [finding] = await compared.findings()
    assert (finding.resolved_at, await compared.found(is_open=True)) == (compared.clock.now(), [])
    assert (await compared.state()).status == "complete"
    assert [fact.action for fact in await facts_on_record(compared.database)] == [
        "compliance.completeness.find",
        "compliance.completeness.resolve",
    ]


async def test_a_fact_on_its_way_does_not_hide_a_lost_one_for_longer(compared: Compared) -> None:
    lost = (await compared.producer.record())[0]
    for _ in range(8):
        await compared.log(*await compared.producer.record())
        await compared.round()
        await compared.producer.record()

    assert [finding.fact_id for finding in await compared.findings()][:1] == [lost.entry.fact_id]


async def test_a_fact_with_other_content_is_found(compared: Compared) -> None:
    changed, swapped, late = await compared.producer.record(3)
    await compared.producer.damage("UPDATE audit_journal SET digest = sha256('x') WHERE position = 1")
    await compared.log(changed, swapped)
    await compared.producer.number()
    await compared.producer.damage("UPDATE audit_journal SET digest = sha256('y') WHERE position = 2")
    await compared.rounds()
    assert await compared.found() == [("different", 1), ("altered", 2), ("different", 2), ("missing", 3)]

    other = compared.producer.fact(fact_id=late.entry.fact_id, resource_id="other")
    await compared.log(other)
    await compared.round()

    assert ("different", 3) in await compared.found(is_open=True)
    assert await compared.found(is_open=False) == [("missing", 3)]


async def test_rows_that_were_removed_from_the_journal_are_found(compared: Compared) -> None:
    await compared.log(*await compared.producer.record(6))
    await compared.producer.number()
    await compared.producer.damage(
        "DELETE FROM audit_journal WHERE position = 2", "DELETE FROM audit_journal_numbers WHERE number IN (4, 5)"
    )
    await compared.rounds()

    assert await compared.found() == [("removed", 2), ("gap", 4)]


@pytest.mark.parametrize("since", [0, 2, 5], ids=["shorter", "as long", "longer"])
async def test_a_restored_backup_of_a_producer_is_found(compared: Compared, since: int) -> None:
    """The journal ends earlier than before; the facts of later transactions get the same numbers again."""
    await compared.log(*await compared.producer.record(10))
    await compared.round()
    await compared.producer.damage(
        "DELETE FROM audit_journal WHERE position > 8", "DELETE FROM audit_journal_numbers WHERE number > 8"
    )
    new = await compared.producer.record(since) if since else []
    await compared.log(*new)
    await compared.rounds()

    assert await compared.found() == [("rewound", 10)]
    # It is compared again from its first entry, and then complete. The finding stays open for an hour, so that an alert sees it.
    assert (await compared.state()).view.others == 1
    compared.clock.advance(seconds=3600)
    await compared.round()
    assert await compared.found(is_open=True) == []
    assert (await compared.state()).view.number == 8 + since
    lost = (await compared.producer.record(2))[1:]
    await compared.log(*lost)
    await compared.rounds()
    assert await compared.found(is_open=True) == [("missing", 9 + since)]


async def test_a_restored_backup_of_the_log_is_found(compared: Compared, databases: Databases, urls: DatabaseUrls) -> None:
    """Log and position are restored together; the facts since then are in the journal only."""
    superuser_url = databases.superuser_url.rpartition("/")[0] + f"/{urls.name}"
    await compared.log(*await compared.producer.record(4))
    await compared.round()
    backup = await backed_up(superuser_url)
    after = await compared.producer.record(3)
    await compared.log(*after)
    await compared.rounds()
    assert await compared.found() == []
    await restored(superuser_url, backup)
    await compared.log(*await compared.producer.record())
    await compared.rounds()

    assert [each.fact_id for each in await compared.findings()] == [each.entry.fact_id for each in after]


async def backed_up(url: str) -> list[tuple[str, object]]:
    """Return the rows that change when the log grows."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = [
            await connection.execute(f"SELECT to_jsonb(t) FROM {table} AS t") for table in ("audit_head", "producer_journals")
        ]
        return [("audit_head", (await rows[0].fetchall())[0][0]), ("producer_journals", (await rows[1].fetchall())[0][0])]


async def restored(url: str, backup: Sequence[tuple[str, object]]) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("SET session_replication_role = replica")
        for table, row in backup:
            await connection.execute(f"DELETE FROM {table}")
            await connection.execute(f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s)", (Jsonb(row),))
        await connection.execute("DELETE FROM audit_entries WHERE sequence >= (SELECT size FROM audit_head)")


async def test_two_workers_do_not_find_twice(compared: Compared, databases: Databases, urls: DatabaseUrls) -> None:
    await compared.producer.record(250)
    await compared.rounds(seconds=GRACE_SECONDS)
    compared.clock.advance(seconds=5)
    async with databases.connect(urls.app, pool_size=3) as second:
        other = reconcile_producer(
            database=second, journals={"payments": compared.producer}, clock=compared.clock, grace_seconds=GRACE_SECONDS
        )

        async def work(reconcile: ReconcileProducer) -> None:
            while await reconcile(producer="payments"):
                pass

        async with asyncio.TaskGroup() as tasks:
            for reconcile in (compared.reconcile, other, compared.reconcile, other):
                tasks.create_task(work(reconcile))
    await compared.round()

    async with compared.database.read() as connection:
        numbers = (await connection.execute(text("SELECT number FROM completeness_findings ORDER BY id"))).scalars().all()
    assert numbers == list(range(1, 251))


async def test_a_producer_that_is_away_becomes_unknown(compared: Compared) -> None:
    await compared.log(*await compared.producer.record())
    await compared.round()
    compared.producer.is_away = True
    for seconds in (60, 1):
        compared.clock.advance(seconds=seconds)
        with pytest.raises(JournalAway):
            await compared.reconcile(producer="payments")

    state = await compared.state()
    assert (state.status, state.age_seconds, await compared.findings()) == ("unknown", 61, [])


async def test_a_producer_whose_facts_get_no_numbers_becomes_unknown(compared: Compared) -> None:
    """No relay leads there: the facts are committed, and nobody could miss them."""
    await compared.log(*await compared.producer.record())
    await compared.round()
    await compared.producer.record()
    for _ in range(13):
        compared.clock.advance(seconds=5)
        await compared.reconcile(producer="payments")
    assert ((await compared.state()).status, await compared.findings()) == ("unknown", [])

    await compared.rounds()
    assert ((await compared.state()).status, await compared.found()) == ("incomplete", [("missing", 2)])


async def test_facts_that_wait_for_the_broker_are_unknown_and_not_missing(compared: Compared) -> None:
    compared.is_broker_away = True
    late = await compared.producer.record(3)
    await compared.rounds(seconds=GRACE_SECONDS + 90)
    assert ((await compared.state()).status, await compared.findings()) == ("unknown", [])

    compared.is_broker_away = False
    await compared.log(*late)
    await compared.round()
    assert ((await compared.state()).status, await compared.findings()) == ("complete", [])


async def test_a_fact_that_a_later_one_overtook_is_missing_although_messages_wait(compared: Compared) -> None:
    compared.is_broker_away = True
    await compared.log((await compared.producer.record(2))[1])
    await compared.rounds()
    assert await compared.found() == [("missing", 1)]


async def test_facts_wait_for_the_broker_for_ten_minutes_at_most(compared: Compared) -> None:
    compared.is_broker_away = True
    await compared.producer.record()
    await compared.rounds(seconds=600)
    assert await compared.found() == []
    await compared.rounds(seconds=10)
    assert [(each.kind, each.unsent) for each in await compared.findings()] == [("missing", 1)]


async def test_a_long_queue_before_the_log_is_no_missing_fact(compared: Compared) -> None:
    """Compliance appends facts that are older than the grace."""
    facts = await compared.producer.record(20, occurred_at=compared.clock.now())
    await compared.round()
    for fact in facts:
        await compared.log(fact)
        await compared.round()
    assert ((await compared.state()).status, await compared.findings()) == ("complete", [])


async def test_a_clock_that_is_set_forward_makes_no_fact_due(compared: Compared) -> None:
    await compared.producer.record()
    await compared.round()
    compared.clock.jump(seconds=600)
    await compared.round()
    assert await compared.findings() == []
    await compared.rounds()
    assert await compared.found() == [("missing", 1)]
