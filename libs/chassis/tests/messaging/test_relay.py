"""The relay with a real outbox and a real broker."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import psycopg
import pytest
from aio_pika import connect
from prometheus_client import REGISTRY
from psycopg.types.json import Jsonb
from structlog.testing import capture_logs

from chassis.messaging.contracts import Publications
from chassis.messaging.relay import Relay
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Event

QUEUE = "payments.identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRetired(Event):
    """No queue consumes it; processes listen for it."""

    user_id: str


def address_retired(event: AddressRetired) -> identity.WalletAddressRetired:
    return identity.WalletAddressRetired(user_id=event.user_id)


@pytest.fixture
def tapped(tap, broker_url):
    """Take all messages from payments' queue for the length of the block."""
    return lambda: running(partial(tap.run, broker_url, QUEUE))


async def number_of(tap) -> int:
    return len(tap.messages)


async def test_an_event_arrives_with_its_attributes_and_leaves_the_outbox(
    outbox, broker_url, publications, register, tap, tapped
):
    event = register("ada", 7)
    relay = Relay(outbox.url, broker_url, publications)
    async with running(relay.run):
        await outbox.write(event)
        await outbox.wait_empty()
        async with tapped():
            await eventually(partial(number_of, tap), 1)
    (message,) = tap.messages
    assert tap.events == [("ada", 7)]
    assert message.message_id == str(event.event_id)
    assert message.type == message.routing_key == "identity.user.registered"
    assert message.content_type == "application/protobuf"
    assert message.delivery_mode == 2
    assert message.headers["cloudEvents:source"] == "/identity"
    assert message.headers["cloudEvents:subject"] == "ada"
    assert message.headers["cloudEvents:time"] == event.occurred_at.isoformat()


async def test_an_event_waits_for_consumers_that_have_not_started_yet(outbox, broker_url, publications, register, broker):
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.write(register("ada"))
        await outbox.wait_empty()
    assert await broker.depth(QUEUE) == 1
    assert await broker.depth("governance.identity") == 1


async def test_audit_facts_go_to_compliance(outbox, broker_url, publications, register, broker):
    fact = AuditFact(
        action="identity.user.register", resource_type="user", resource_id="ada", occurred_at=register("ada").occurred_at
    )
    audit = publications.audit([(fact, Actor.service("identity"))])
    await insert(outbox, type=audit.type, payload=audit.payload, headers=audit.headers)
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.wait_empty()
    assert await broker.depth("compliance.audit") == 1


async def test_rows_that_cannot_be_sent_or_read_hold_back_only_their_own(outbox, broker_url, publications, register, broker):
    """The runtime role may write what the services' code never would."""
    given = publications.encode(register("eve"))
    deep = "[" * 2000 + "]" * 2000
    rows = [("deep", f'{{"a": {deep}}}', "now"), ("large", f'{{"a": "{"x" * 200_000}"}}', "now"), ("endless", "{}", "infinity")]
    async with await psycopg.AsyncConnection.connect(outbox.app_url) as connection, connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO outbox (message_id, type, aggregate_id, payload, headers, created_at)
            VALUES (gen_random_uuid(), %s, %s, %s, %s::jsonb, %s::timestamptz)
            """,
            [(given.type, aggregate, given.payload, headers, created_at) for aggregate, headers, created_at in rows],
        )
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.write(*(register("ada", number) for number in range(3)))
        await eventually(outbox.count, 2)
        await eventually(partial(broker.depth, QUEUE), 4)


async def test_notify_wakes_the_relay_before_its_poll(outbox, broker_url, publications, register, monkeypatch):
    monkeypatch.setattr("chassis.messaging.relay.POLL_SECONDS", 3600)
    async with running(Relay(outbox.url, broker_url, publications).run):
        for number in range(5):
            await outbox.write(register("ada", number))
            await outbox.wait_empty()


async def test_one_of_two_relays_leads_and_the_other_takes_over(outbox, broker_url, publications, register, tap, tapped):
    """The relay that holds the lock leads; when its connection ends, so does its leadership."""
    relays = [Relay(outbox.url, broker_url, publications) for _ in range(2)]
    with capture_logs() as logs:
        async with running(relays[0].run, relays[1].run):
            await outbox.write(register("ada", 0))
            await outbox.wait_empty()
            assert [line["event"] for line in logs].count("relay_leading") == 1
            for number in range(1, 4):
                assert await kill(outbox, "relay-leader", holding_the_lock=True) == 1
                await outbox.write(register("ada", number))
                await outbox.wait_empty()
            async with tapped():
                await eventually(partial(number_of, tap), 4)
    assert tap.first_arrivals == {"ada": [0, 1, 2, 3]}


async def test_a_lost_working_connection_is_replaced(outbox, broker_url, publications, register):
    async with running(Relay(outbox.url, broker_url, publications).run):
        for number in range(3):
            await outbox.write(register("ada", number))
            await outbox.wait_empty()
            await kill(outbox, "relay of %", holding_the_lock=False)


async def test_the_relay_waits_for_the_schema(databases, broker_url, publications):
    stop = asyncio.Event()
    with capture_logs() as logs:
        relay = Relay(databases.superuser_url, broker_url, publications)
        run = asyncio.create_task(relay.run(stop))
        await eventually(partial(_waits_for_database_at, "127.0.0.1:", logs), True)
        stop.set()
        await run


async def test_a_deleted_queue_holds_its_event_back_and_is_declared_again(
    outbox, broker_url, publications, register, broker, management
):
    async with running(Relay(outbox.url, broker_url, publications).run):
        for queue in (QUEUE, "governance.identity"):
            await eventually(partial(broker.depth, queue), 0)
            await broker.delete(queue, management, dead=f"{queue}.dead")
        await outbox.write(register("bob"))
        await outbox.wait_empty()
    assert await broker.depth(QUEUE) == 1


async def test_a_deleted_exchange_is_declared_again(outbox, broker_url, publications, register, broker):
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.write(register("ada"))
        await outbox.wait_empty()
        async with await connect(broker_url) as connection, connection.channel() as channel:
            await channel.exchange_delete("elcorp.identity")
        await outbox.write(*(register(f"user-{number}") for number in range(50)))
        await outbox.wait_empty()
    assert await broker.depth(QUEUE) == 51


async def test_an_event_that_breaks_the_channel_waits_and_others_are_sent(outbox, broker_url, publications, register, broker):
    """RabbitMQ answers a malformed CC header by closing the channel, with all other messages in flight."""
    poison = publications.encode(register("poison"))
    await insert(outbox, type=poison.type, aggregate="poison", payload=poison.payload, headers={**poison.headers, "CC": "x"})
    await outbox.write(*(register(f"user-{number}") for number in range(300)))
    with capture_logs() as logs:
        async with running(Relay(outbox.url, broker_url, publications).run):
            await eventually(outbox.count, 1)
    assert await broker.depth(QUEUE) >= 300
    (blamed,) = {line["aggregate_id"] for line in logs if line["event"] == "event_breaks_channel"}
    assert blamed == "poison"


async def test_an_event_without_queues_leaves_the_outbox_even_if_no_process_listens(outbox, broker_url):
    publications = Publications("identity", {AddressRetired: address_retired})
    assert publications.specs[0].consumers == ()
    outbox = replace(outbox, publications=publications)
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.write(AddressRetired(occurred_at=datetime.now(UTC), user_id="ada"))
        await outbox.wait_empty()


async def test_a_refused_event_holds_back_only_later_ones_of_its_aggregate(outbox, broker_url, publications, register, broker):
    await insert(outbox, type="identity.user.renamed", aggregate="ada", payload=b"", headers={})
    await outbox.write(register("ada", 1), register("bob", 2))
    refused = partial(REGISTRY.get_sample_value, "relay_failures_total", {"reason": "unroutable"})
    before = refused() or 0
    async with running(Relay(outbox.url, broker_url, publications).run):
        await eventually(partial(broker.depth, QUEUE), 1)
        # Once more, after its wait.
        await eventually(lambda: (refused() or 0) >= before + 2)
    assert identity.UserRegistered.FromString((await broker.take(QUEUE)).body).user_id == "bob"
    assert (await broker.depth(QUEUE), await outbox.count()) == (0, 2)


async def test_an_event_of_an_unknown_type_stays_in_the_outbox(outbox, broker_url, publications, register):
    await insert(outbox, type="identity.user.renamed", payload=b"", headers={})
    await outbox.write(register("ada"))
    async with running(Relay(outbox.url, broker_url, publications).run):
        await eventually(outbox.count, 1)
        # Later events have overtaken it.
        await outbox.write(register("bob"))
        await eventually(outbox.count, 1)
    assert await types_in(outbox) == ["identity.user.renamed"]


async def types_in(outbox) -> list[str]:
    async with await psycopg.AsyncConnection.connect(outbox.url) as connection:
        return [name for (name,) in await (await connection.execute("SELECT type FROM outbox")).fetchall()]


async def insert(outbox, *, type, payload, headers, aggregate=None) -> None:  # noqa: A002  # the column's name
    async with await psycopg.AsyncConnection.connect(outbox.app_url) as connection:
        await connection.execute(
            "INSERT INTO outbox (message_id, type, aggregate_id, payload, headers) VALUES (gen_random_uuid(), %s, %s, %s, %s)",
            (type, aggregate, payload, Jsonb(headers)),
        )


async def kill(outbox, application: str, *, holding_the_lock: bool) -> int:
    """Terminate the relays' connections, or only the leader's."""
    query = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE application_name LIKE %s AND datname = current_database()
        AND (NOT %s OR pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory'))
    """
    async with await psycopg.AsyncConnection.connect(outbox.url) as connection:
        (killed,) = await (await connection.execute(query, (application, holding_the_lock))).fetchall()
    return int(killed[0])


async def _waits_for_database_at(start: str, logs) -> bool:
    return any(line["event"] == "relay_waiting_for_database" and line["database"].startswith(start) for line in logs)
