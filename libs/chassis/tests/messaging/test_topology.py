"""The declarations of producers and consumers, as the broker sees them."""

import asyncio
from dataclasses import replace

from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.messaging.connection import open_session
from chassis.messaging.contracts import spec_of
from chassis.messaging.parked_letters import ParkedLetters
from chassis.messaging.relay import Relay
from chassis.messaging.topology import declare_publications, declare_subscriptions
from chassis.testing.running import eventually, running
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.identity.v1 import events_pb2 as identity
from libs.chassis.tests.messaging.payments_consumer import QUEUE, consume


async def declared(management, broker_url) -> dict[str, dict[str, object]]:
    vhost = broker_url.rpartition("/")[2].partition("?")[0]
    queues = await asyncio.to_thread(management.call, "GET", f"queues/{vhost}")
    return {queue["name"]: queue["arguments"] for queue in queues}


async def test_either_side_declares_everything_that_a_queue_needs(broker_url, publications, management):
    async with open_session(broker_url, name="test") as session:
        await declare_subscriptions(session, "payments", [spec_of(identity.UserRegistered)])
        by_consumer = await declared(management, broker_url)
        await declare_publications(session, publications)
        by_both = await declared(management, broker_url)
    names = {"payments.identity", "payments.identity.dead"} | {f"payments.identity.retry.{s}" for s in (1, 5, 30, 120)}
    assert by_consumer.keys() == names
    assert by_both.keys() > {"governance.identity", "compliance.audit"} | names
    assert {name: by_both[name] for name in names} == by_consumer


async def test_each_producer_of_a_family_binds_its_own_exchange(broker_url, publications, management):
    """Audit facts come from every service: there is no single exchange to bind to."""
    vhost = broker_url.rpartition("/")[2].partition("?")[0]

    async def bound() -> set[tuple[str, str, str]]:
        bindings = await asyncio.to_thread(management.call, "GET", f"bindings/{vhost}")
        return {(each["source"], each["destination"], each["routing_key"]) for each in bindings if each["source"]}

    async with open_session(broker_url, name="test") as session:
        specs = [spec_of(compliance.AuditFactsRecorded)]
        assert await declare_subscriptions(session, "compliance", specs) == []
        assert await bound() == {("elcorp.dead", "compliance.audit.dead", "compliance.audit")}
        await declare_publications(session, publications)
        assert ("elcorp.identity", "compliance.audit", "audit.facts.recorded") in await bound()
        assert ("elcorp.identity", "payments.identity", "identity.user.registered") in await bound()


async def test_queue_arguments_work_with_every_rabbitmq(broker_url, publications, management):
    async with open_session(broker_url, name="test") as session:
        await declare_publications(session, publications)
    queues = await declared(management, broker_url)
    # RabbitMQ falls back to at-most-once dead-lettering without these two arguments.
    never_lost = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
    returns = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "payments.identity", **never_lost}
    assert {name: arguments for name, arguments in queues.items() if name.startswith("payments.identity")} == {
        "payments.identity": {
            "x-queue-type": "quorum",
            "x-delivery-limit": 20,
            "x-single-active-consumer": True,
            "x-dead-letter-exchange": "elcorp.dead",
            "x-dead-letter-routing-key": "payments.identity",
            **never_lost,
        },
        "payments.identity.dead": {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000},
        "payments.identity.retry.1": {"x-queue-type": "quorum", "x-message-ttl": 1_000, **returns},
        "payments.identity.retry.5": {"x-queue-type": "quorum", "x-message-ttl": 5_000, **returns},
        "payments.identity.retry.30": {"x-queue-type": "quorum", "x-message-ttl": 30_000, **returns},
        "payments.identity.retry.120": {"x-queue-type": "quorum", "x-message-ttl": 120_000, **returns},
    }


async def test_a_former_consumer_is_unbound_and_its_queue_keeps_what_it_has(outbox, broker_url, publications, register, broker):
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.write(register("ada"))
        await outbox.wait_empty()
    publications.specs = tuple(
        replace(spec, consumers=("governance",), former_consumers=("payments",)) if not spec.family else spec
        for spec in publications.specs
    )
    with capture_logs() as logs:
        async with running(Relay(outbox.url, broker_url, publications).run):
            await outbox.write(register("bob"))
            await outbox.wait_empty()
    assert (await broker.depth("payments.identity"), await broker.depth("governance.identity")) == (1, 2)
    assert [(line["queue"], line["messages"]) for line in logs if line["event"] == "queue_without_consumer"] == [
        ("payments.identity", 1)
    ]


async def test_a_queue_with_other_arguments_is_used_as_it_is(outbox, broker_url, publications, register, broker, monkeypatch):
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.write(register("ada"))
        await outbox.wait_empty()
    monkeypatch.setattr("chassis.messaging.topology.DELIVERY_LIMIT", 50)
    async with running(Relay(outbox.url, broker_url, publications).run):
        await outbox.write(register("bob"))
        await outbox.wait_empty()
    async with open_session(broker_url, name="test") as session:
        specs = [spec_of(identity.UserRegistered)]
        assert await declare_subscriptions(session, "payments", specs) == ["payments.identity"]
    assert await broker.depth("payments.identity") == 2


async def test_a_queue_that_was_emptied_and_deleted_gets_the_arguments_of_the_release(
    outbox, broker_url, publications, register, broker, management, effects, monkeypatch
):
    """The procedure of docs/operations.md: events wait in the outbox, and a parked aggregate in the database."""
    monkeypatch.setattr("chassis.messaging.parked_worker.POLL_SECONDS", 0.05)
    is_defect = True

    async def record(delivery) -> None:
        if is_defect and delivery.message.user_id == "eve":
            raise KeyError
        await effects.record(delivery)

    async def parked() -> int:
        async with effects.database.read() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM parked_aggregates"))).scalar_one())

    relay, consumer = Relay(outbox.url, broker_url, publications), consume(broker_url, effects.database, record)
    async with running(consumer.run):
        async with running(relay.run):
            await outbox.write(*(register(user, 0) for user in ("ada", "eve")))
            await outbox.wait_empty()
        await outbox.write(*(register(user, 1) for user in ("ada", "eve")))
        await eventually(effects.count, 1)
        await eventually(parked, 1)
    assert (await broker.depth(QUEUE), await outbox.count()) == (0, 2)
    monkeypatch.setattr("chassis.messaging.topology.DELIVERY_LIMIT", 50)
    await broker.delete(QUEUE, management, dead=f"{QUEUE}.dead")
    is_defect = False
    async with running(relay.run, consumer.run):
        await eventually(effects.count, 2)
        await ParkedLetters(effects.database, {}).release(queue=QUEUE, aggregate=None)
        await eventually(effects.count, 4)
    assert (await declared(management, broker_url))[QUEUE]["x-delivery-limit"] == 50
    rows = await effects.rows()
    assert {user: [number for name, number in rows if name == user] for user in ("ada", "eve")} == {"ada": [0, 1], "eve": [0, 1]}
