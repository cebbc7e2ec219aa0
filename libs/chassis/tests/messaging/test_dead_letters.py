"""Dead letters are listed, redriven or discarded, and never lost in between."""

import argparse
import json
from functools import partial

import pytest

from chassis.messaging.consumer import Consumer
from chassis.messaging.contracts import Subscription
from chassis.messaging.dead_letters import run_command
from chassis.testing.running import eventually, running
from elcorp.identity.v1 import events_pb2 as identity
from kernel.errors import InvalidValue

QUEUE = "payments.identity"
DEAD = "payments.identity.dead"
# The next failure of the handler is the last.
SPENT = {"elcorp-attempt": 9, "elcorp-faults": 9}


@pytest.fixture
def command(broker_url, capsys):
    async def run(action, *, queue=None, limit=100, id=None):  # noqa: A002  # the option's name
        capsys.readouterr()
        arguments = argparse.Namespace(action=action, queue=queue, limit=limit, id=id)
        code = await run_command(broker_url, "payments", arguments)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def bury(broker_url, publications, broker):
    """Turn messages into dead letters with a handler that refuses them."""

    async def refuse(_delivery) -> None:
        raise InvalidValue

    async def run(*events, **headers) -> None:
        async with running(Consumer(broker_url, "payments", [Subscription(identity.UserRegistered, refuse)]).run):
            await eventually(partial(broker.depth, QUEUE), 0)
            for number, event in enumerate(events):
                await broker.send(event, publications, queue=QUEUE, **headers)
                await eventually(partial(broker.depth, DEAD), number + 1)

    return run


async def test_a_redriven_message_is_handled_once(command, bury, broker_url, register, effects, broker):
    await bury(register("ada", 1), register("bob", 2))
    code, said = await command("redrive")
    assert (code, "2 redriven" in said) == (0, True)
    assert await broker.depth(DEAD) == 0
    async with running(Consumer(broker_url, "payments", [Subscription(identity.UserRegistered, effects.record)]).run):
        await eventually(effects.count, 2)
    assert sorted(await effects.rows()) == [("ada", 1), ("bob", 2)]
    assert await broker.depth(DEAD) == 0


async def test_a_redriven_message_is_the_event_as_first_sent(command, bury, broker, register, publications):
    event = register("ada", 1)
    await bury(event, **SPENT)
    await command("redrive")
    message, sent = await broker.take(QUEUE), publications.encode(event)
    assert (message.message_id, message.type, message.app_id) == (str(event.event_id), sent.type, "identity")
    # The broker adds how often it delivered the message.
    headers = {name: value for name, value in message.headers.items() if name != "x-delivery-count"}
    assert (message.body, headers) == (sent.payload, sent.headers)
    assert (message.content_type, message.delivery_mode) == ("application/protobuf", 2)


async def test_a_redriven_message_has_all_its_attempts_again(command, bury, broker_url, register, broker):
    """Without new attempts, one more failure of the handler would make it a dead letter again."""
    seen: list[int] = []

    async def fails(delivery) -> None:
        seen.append(delivery.attempt)
        raise ZeroDivisionError

    await bury(register("ada", 1), **SPENT)
    await command("redrive")
    async with running(Consumer(broker_url, "payments", [Subscription(identity.UserRegistered, fails)]).run):
        await eventually(lambda: seen[:2], [1, 2])
    assert await broker.depth(DEAD) == 0


async def test_the_list_shows_what_died_and_why_and_removes_nothing(command, bury, register, broker):
    event = register("ada", 1)
    await bury(event)
    for _ in range(30):  # more reads than a delivery limit of 20 would allow
        code, said = await command("list")
    assert code == 0
    header, line = said.splitlines()
    assert header.split() == ["queue", "id", "type", "happened", "at", "because", "attempts"]
    assert line.split() == [
        QUEUE,
        str(event.event_id),
        "identity.user.registered",
        event.occurred_at.isoformat(),
        "rejected",
        "1",
    ]
    assert await broker.depth(DEAD) == 1


async def test_the_list_shows_the_number_of_attempts_whatever_caused_the_failures(command, bury, register):
    await bury(register("ada"), **{"elcorp-attempt": 6, "elcorp-faults": 2})
    _, said = await command("list")
    assert said.splitlines()[1].split()[-1] == "7"


@pytest.mark.parametrize("queue", [QUEUE, DEAD])
async def test_a_queue_is_named_by_its_own_name_or_that_of_its_dead_letters(command, bury, register, broker, queue):
    await bury(register("ada"))
    code, said = await command("discard", queue=queue)
    assert (code, said.splitlines()[-1]) == (0, "1 discarded")
    await eventually(partial(broker.depth, DEAD), 0)


async def test_the_limit_applies_to_matches_and_not_to_messages_read(command, bury, register, broker):
    events = [register(f"user-{number}") for number in range(3)]
    await bury(*events)
    _, said = await command("redrive", id=str(events[2].event_id), limit=1)
    assert said.splitlines()[-1] == "1 redriven"
    assert (await broker.depth(DEAD), await broker.depth(QUEUE)) == (2, 1)


async def test_show_decodes_the_payload(command, bury, register):
    await bury(register("ada", 1))
    _, said = await command("show", queue=QUEUE)
    shown = json.loads(said)
    assert shown["payload"] == {"userId": "ada", "walletAddress": "1", "initialRole": "user"}
    assert shown["headers"]["cloudEvents:subject"] == "ada"


async def test_one_message_is_selected_by_its_id(command, bury, register, broker):
    events = [register(f"user-{number}") for number in range(5)]
    await bury(*events)
    _, said = await command("redrive", id=str(events[3].event_id))
    assert said.splitlines()[-1] == "1 redriven"
    assert (await broker.depth(DEAD), await broker.depth(QUEUE)) == (4, 1)
    _, said = await command("discard", id=str(events[0].event_id))
    assert said.splitlines()[-1] == "1 discarded"
    await eventually(partial(broker.depth, DEAD), 3)


async def test_the_limit_applies_to_messages_moved(command, bury, register, broker):
    await bury(*(register(f"user-{number}") for number in range(5)))
    _, said = await command("redrive", limit=2)
    assert said.splitlines()[-1] == "2 redriven"
    await eventually(partial(broker.depth, DEAD), 3)


async def test_discard_requires_a_selection(command, bury, register, broker):
    await bury(register("ada"))
    code, said = await command("discard")
    assert (code, "--id" in said) == (2, True)
    assert await broker.depth(DEAD) == 1


async def test_the_error_names_an_unknown_queue_or_an_unreachable_broker(command, capsys):
    code, said = await command("list", queue="payments.nothing")
    assert (code, said) == (2, "no queue payments.nothing; the service has payments.identity\n")
    arguments = argparse.Namespace(action="list", queue=None, limit=1, id=None)
    assert await run_command("amqp://guest:secret@127.0.0.1:1/", "payments", arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("RabbitMQ at 127.0.0.1:1: ")
    assert "secret" not in said


async def test_an_empty_list_is_reported(command):
    assert await command("list") == (0, "no dead letters\n")
