"""The whole `work` process: each fact from the broker is logged once, even if processes are killed."""

import asyncio
import base64
import os
import random
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aio_pika
import psycopg
import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr
from sqlalchemy import text

from chassis.messaging.contracts import Publications, headers_of
from chassis.messaging.relay import Relay
from chassis.persistence.database import Database
from chassis.persistence.outbox_message import OutboxMessage
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.running import endpoint, eventually, running, through
from compliance import wiring
from compliance.application.audit.append_facts import AppendFacts
from compliance.bootstrap import SERVICE, working
from compliance.domain.decision import PolicyDecision
from compliance.interfaces.subscriptions import entry_of
from compliance.settings import ComplianceSettings
from compliance.wiring import check_log, unit_of_work
from elcorp.compliance.v1 import events_pb2
from elcorp.identity.v1 import events_pb2 as identity
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import SystemClock
from kernel.ids import new_id
from services.compliance.tests.decisions import decision, sent
from services.compliance.tests.entries import AT
from services.compliance.tests.fakes.log_signer import Signer

PAYMENTS = Publications("payments", {})
DEAD = "compliance.audit.dead"
DEAD_DECISIONS = "compliance.decisions.dead"
MASTER_KEY = base64.b64encode(bytes(32)).decode()


class Producer:
    """The part of payments that these tests need: an outbox, and a relay if one runs."""

    def __init__(self, urls: DatabaseUrls) -> None:
        self.url = urls.app
        self.relay_url = urls.relay

    async def write(self, *messages: OutboxMessage) -> None:
        rows = [(each.message_id, each.type, each.aggregate_id, each.payload, Jsonb(each.headers)) for each in messages]
        async with await psycopg.AsyncConnection.connect(self.url) as connection, connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO outbox (message_id, type, aggregate_id, payload, headers) VALUES (%s, %s, %s, %s, %s)", rows
            )
            await cursor.execute("NOTIFY outbox")


@pytest.fixture
async def producer(databases: Databases) -> AsyncIterator[Producer]:
    async with databases.create("compliance", SERVICE.migrations) as urls:
        yield Producer(urls)


@pytest.fixture
async def emptied(broker_url: str) -> str:
    """The broker, with the queues emptied of messages of earlier tests."""
    async with await aio_pika.connect(broker_url) as connection:
        for queue in ("compliance.audit", DEAD, "compliance.decisions", DEAD_DECISIONS):
            async with connection.channel() as channel:
                await channel.queue_delete(queue)
    return broker_url


def settings_of(urls: DatabaseUrls, broker_url: str) -> ComplianceSettings:
    database = {"database_url": urls.app, "database_relay_url": urls.relay}
    return ComplianceSettings.model_validate(
        {**database, "rabbitmq_url": broker_url, "master_key": MASTER_KEY, "checkpoint_seconds": 0.1}
    )


def fact(number: int, **changes: Any) -> AuditFact:
    made = {"action": "payments.test.change", "resource_type": "test", "resource_id": str(number), "occurred_at": AT}
    return AuditFact(**{**made, **changes})


def message(*facts: AuditFact) -> OutboxMessage:
    return PAYMENTS.audit([(each, Actor.service("payments")) for each in facts])


def rewritten(sent: OutboxMessage, **changes: str) -> OutboxMessage:
    """Change the first fact of a message."""
    recorded = events_pb2.AuditFactsRecorded.FromString(sent.payload)
    for name, value in changes.items():
        setattr(recorded.facts[0], name, value)
    return OutboxMessage(sent.message_id, sent.type, sent.aggregate_id, recorded.SerializeToString(), sent.headers)


@asynccontextmanager
async def worked(urls: DatabaseUrls, broker_url: str, producer: Producer) -> AsyncIterator[None]:
    """Run compliance's `work` and the producer's relay in this process."""
    async with (
        working(settings_of(urls, broker_url)) as parts,
        running(*parts.background, Relay(producer.relay_url, broker_url, PAYMENTS).run),
    ):
        yield


async def logged(urls: DatabaseUrls) -> list[str]:
    # Use a new connection each time, because some of these tests end all existing ones.
    async with await psycopg.AsyncConnection.connect(urls.app) as connection:
        found = await connection.execute("SELECT resource_id FROM audit_entries WHERE producer = 'payments' ORDER BY sequence")
        return [name for (name,) in await found.fetchall()]


async def depth(broker_url: str, queue: str) -> int:
    async with await aio_pika.connect(broker_url) as connection, connection.channel() as channel:
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


async def test_the_worker_is_ready_while_its_database_answers(
    urls: DatabaseUrls, emptied: str, fault_proxy: Callable[[str, int], Any]
) -> None:
    proxy = await fault_proxy(*endpoint(urls.app))
    settings = settings_of(urls, emptied).model_copy(update={"database_url": SecretStr(through(urls.app, proxy.port))})
    async with working(settings) as parts:
        assert (await parts.readiness.report()).body() == {"ready": True, "draining": False, "checks": {"database": None}}
        proxy.refuse()
        assert (await parts.readiness.report()).status == 503


async def test_the_worker_uses_the_intervals_of_its_settings(urls: DatabaseUrls, emptied: str) -> None:
    pace = {"append_batch_max": 7, "append_wait_ms_max": 11, "checkpoint_seconds": 13.0}
    async with working(settings_of(urls, emptied).model_copy(update=pace)) as parts:
        relay, consumer, signing = (run.__self__ for run in parts.background[:3])  # type: ignore[attr-defined]
        consumed = {one.message_class: one for of_queue in consumer._queues.values() for one in of_queue.values()}
    assert consumed.keys() == {events_pb2.AuditFactsRecorded, events_pb2.PolicyDecisionsRecorded, identity.ErasureRequested}
    facts = consumed[events_pb2.AuditFactsRecorded]
    assert (facts.batch_max, facts.wait_ms_max, signing._pause_seconds) == (7, 11, 13.0)
    assert isinstance(relay, Relay)


async def test_facts_of_every_service_are_logged_under_a_signed_checkpoint(
    urls: DatabaseUrls, database: Database, emptied: str, producer: Producer
) -> None:
    async def signed() -> object:
        async with database.read() as connection:
            return await connection.scalar(text("SELECT size FROM audit_head WHERE size IN (SELECT size FROM checkpoints)"))

    await producer.write(*(message(fact(number), fact(number + 1)) for number in range(0, 100, 2)))
    async with worked(urls, emptied, producer):
        # Compliance's own facts take the same way: the creation of its key, and a block.
        place_block = wiring.use_cases(database=database, signer=Signer(), clock=SystemClock()).screening.place_screening_block
        await place_block(actor=Actor.service("test"), subject_id=new_id(), reason="court order")
        await eventually(signed, 102)

    assert sorted(await logged(urls), key=int) == [str(number) for number in range(100)]
    async with database.read() as connection:
        own = await connection.execute(text("SELECT action FROM audit_entries WHERE producer = 'compliance'"))
        assert sorted(own.scalars()) == ["compliance.log_key.create", "compliance.screening_block.place"]
    finding = await check_log(database=database)()
    assert (finding.size, finding.problems) == (102, [])


async def test_invalid_messages_of_a_producer_do_not_stop_the_log(
    urls: DatabaseUrls, database: Database, emptied: str, producer: Producer
) -> None:
    again = fact(4)
    odd = [
        message(fact(0, resource_id="0\0")),
        message(fact(1, reason="\0" * 200_000, after={"lines": ["x" * 1000] * 1000})),
        message(fact(2, related_ids=tuple(str(new_id()) for _ in range(5000)))),
        message(fact(3, resource_id="3" + "é" * 100_000)),
        message(again),
    ]
    refused = [
        rewritten(message(fact(90)), fact_id="no id"),
        rewritten(message(fact(91)), producer="identity"),
        rewritten(message(again), reason="something else now"),
    ]
    await producer.write(*odd, *refused, *(message(fact(number)) for number in range(10, 20)))

    async with worked(urls, emptied, producer):

        async def kept() -> int:
            return len(await logged(urls))

        async def dead() -> int:
            return await depth(emptied, DEAD)

        await eventually(kept, 15)
        await eventually(dead, 3)

    assert [each[:1] for each in await logged(urls)] == ["0", "1", "2", "3", "4", *["1"] * 10]
    finding = await check_log(database=database)()
    assert finding.problems == []


async def test_decisions_are_stored_once_and_what_is_none_becomes_a_dead_letter(
    urls: DatabaseUrls, database: Database, emptied: str, producer: Producer
) -> None:
    def outgoing(*decisions: PolicyDecision, **changes: Any) -> OutboxMessage:
        recorded = sent(*decisions)
        for name, value in changes.items():
            setattr(recorded.decisions[0], name, value)
        headers = headers_of("payments", occurred_at=AT)
        return OutboxMessage(new_id(), "policy.decisions.recorded", None, recorded.SerializeToString(), headers)

    async def stored() -> set[UUID]:
        async with database.read() as connection:
            return set(await connection.scalars(text("SELECT id FROM policy_decisions")))

    async def dead() -> int:
        return await depth(emptied, DEAD_DECISIONS)

    made = [decision() for _ in range(5)]
    late = decision()
    await producer.write(
        outgoing(*made),
        outgoing(decision(), decision_id="no id"),
        outgoing(decision(), producer="identity"),
        outgoing(decision(), facts="no JSON"),
        outgoing(decision(), principal_id="x" * 10_000),
        outgoing(*made, late),
    )
    async with worked(urls, emptied, producer):
        # The queues exist once something has arrived.
        await eventually(stored, {each.id for each in (*made, late)})
        await eventually(dead, 4)


async def test_the_log_is_written_after_its_database_returns(
    urls: DatabaseUrls, database: Database, emptied: str, producer: Producer, databases: Databases
) -> None:
    await producer.write(message(fact(0)))
    async with worked(urls, emptied, producer):

        async def kept() -> int:
            return len(await logged(urls))

        await eventually(kept, 1)
        for number in range(1, 6):
            before = await kept()
            await producer.write(*(message(fact(each)) for each in range(number * 20, number * 20 + 20)))
            await databases.disconnect(urls)
            await _grown_beyond(urls, before)
        await eventually(kept, 101)

    assert sorted(set(await logged(urls)), key=int) == [str(number) for number in (0, *range(20, 120))]
    assert (await check_log(database=database)()).problems == []


async def test_killed_workers_neither_lose_nor_duplicate_facts(
    urls: DatabaseUrls, database: Database, emptied: str, producer: Producer
) -> None:
    """Two `work` processes side by side, one of them killed again and again while facts come in."""
    chance, rounds, facts = random.Random(11), 4, 300
    environment = {
        **os.environ,
        "ELCORP_DATABASE_URL": urls.app,
        "ELCORP_DATABASE_RELAY_URL": urls.relay,
        "ELCORP_RABBITMQ_URL": emptied,
        "ELCORP_MASTER_KEY": MASTER_KEY,
        "ELCORP_OPS_PORT": "0",
        "ELCORP_CHECKPOINT_SECONDS": "0.1",
    }

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "compliance", "work", env=environment, stdout=asyncio.subprocess.DEVNULL
        )

    async def write(first: int) -> None:
        await producer.write(*(message(*(fact(each + n) for n in range(5))) for each in range(first, first + facts, 5)))

    async def kept() -> int:
        return len(await logged(urls))

    workers = [await start(), await start()]
    async with running(Relay(producer.relay_url, emptied, PAYMENTS).run):
        try:
            for number in range(rounds):
                await write(number * facts)
                # Kill it while facts arrive.
                await _grown_beyond(urls, number * facts + chance.randrange(0, facts, 10))
                victim = chance.randrange(2)
                workers[victim].kill()
                await workers[victim].wait()
                workers[victim] = await start()
            await eventually(kept, rounds * facts)
        finally:
            for worker in workers:
                worker.kill()
                await worker.wait()

    assert sorted(await logged(urls), key=int) == [str(number) for number in range(rounds * facts)]
    assert (await check_log(database=database)()).problems == []


async def test_a_redelivered_batch_changes_nothing(urls: DatabaseUrls, database: Database) -> None:
    """This happens if the worker stops after the commit and before the acknowledgement."""
    recorded = events_pb2.AuditFactsRecorded.FromString(message(*(fact(number) for number in range(20))).payload)
    batch: Sequence[Any] = [entry_of(each, "payments") for each in recorded.facts]
    append = AppendFacts(unit_of_work(database=database))

    repeated = [*batch[5:], batch[0]]
    assert [await append(entries=each) for each in (batch, batch[:7], repeated)] == [20, 0, 0]
    assert len(await logged(urls)) == 20


async def _grown_beyond(urls: DatabaseUrls, size: int) -> None:
    async def grown() -> bool:
        return len(await logged(urls)) > size

    await eventually(grown, True)
