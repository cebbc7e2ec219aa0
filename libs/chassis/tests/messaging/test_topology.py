"""What producers and consumers declare, seen by the broker."""

import asyncio

from chassis.messaging.connection import open_session
from chassis.messaging.contracts import spec_of
from chassis.messaging.topology import declare_publications, declare_subscriptions
from elcorp.identity.v1 import events_pb2 as identity


async def declared(management, broker_url) -> dict[str, dict[str, object]]:
    vhost = broker_url.rpartition("/")[2].partition("?")[0]
    queues = await asyncio.to_thread(management.call, "GET", f"queues/{vhost}")
    return {queue["name"]: queue["arguments"] for queue in queues}


async def test_either_side_makes_all_that_a_queue_needs(broker_url, publications, management):
    async with open_session(broker_url, name="test") as session:
        await declare_subscriptions(await session.channel(), "payments", [spec_of(identity.UserRegistered)])
        by_consumer = await declared(management, broker_url)
        await declare_publications(await session.channel(), publications)
        by_both = await declared(management, broker_url)
    names = {"payments.identity", "payments.identity.dead"} | {f"payments.identity.retry.{s}" for s in (1, 5, 30, 120)}
    assert by_consumer.keys() == names
    assert by_both.keys() > {"governance.identity", "compliance.audit"} | names
    assert {name: by_both[name] for name in names} == by_consumer


async def test_queue_arguments_are_those_that_every_rabbitmq_heeds(broker_url, publications, management):
    async with open_session(broker_url, name="test") as session:
        await declare_publications(await session.channel(), publications)
    queues = await declared(management, broker_url)
    main, retry = queues["payments.identity"], queues["payments.identity.retry.30"]
    assert main["x-queue-type"] == "quorum"
    assert main["x-delivery-limit"] == 20
    assert main["x-dead-letter-exchange"] == "elcorp.dead"
    assert main["x-single-active-consumer"] is True
    assert retry["x-message-ttl"] == 30_000
    assert retry["x-dead-letter-exchange"] == ""
    assert retry["x-dead-letter-routing-key"] == "payments.identity"
    for dead_lettering in (main, retry):
        # RabbitMQ falls back to at-most-once without this pair.
        assert dead_lettering["x-dead-letter-strategy"] == "at-least-once"
        assert dead_lettering["x-overflow"] == "reject-publish"
