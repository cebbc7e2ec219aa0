"""Dead letters are listed, redriven or discarded, and never lost in between."""

import argparse
import json
import re
from functools import partial

import pytest
from sqlalchemy import text

from chassis.messaging.dead_letters_command import run_command
from chassis.testing.running import eventually, running
from kernel.errors import InvalidValue, StaleVersion
from libs.chassis.tests.messaging.payments_consumer import QUEUE, UNORDERED, consume, without_aggregate

DEAD = "payments.identity.dead"
# The next failure of the handler is the last.
SPENT = {"elcorp-attempt": 9, "elcorp-faults": 9}


@pytest.fixture
def command(broker_url, database_urls, capsys):
    async def run(action, *, queue=None, limit=100, id=None, aggregate=None):  # noqa: A002  # the option's name
        capsys.readouterr()
        arguments = argparse.Namespace(action=action, queue=queue, limit=limit, id=id, aggregate=aggregate)
        code = await run_command(broker_url, database_urls.app, "payments", arguments)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def bury(broker_url, database, publications, broker):
    """Turn messages into dead letters with a handler that refuses them."""

    async def refuse(_delivery) -> None:
        raise InvalidValue

    async def run(*events, **headers) -> None:
        async with running(consume(broker_url, database, refuse).run):
            await eventually(partial(broker.depth, QUEUE), 0)
            for number, event in enumerate(events):
                await broker.send(event, publications, queue=QUEUE, **UNORDERED, **headers)
                await eventually(partial(broker.depth, DEAD), number + 1)

    return run


async def test_a_redriven_message_is_handled_once(command, bury, broker_url, database, register, effects, broker):
    await bury(register("ada", 1), register("bob", 2))
    code, said = await command("redrive")
    assert (code, "2 redriven" in said) == (0, True)
    assert await broker.depth(DEAD) == 0
    async with running(consume(broker_url, database, effects.record).run):
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
    assert (message.body, headers) == (sent.payload, without_aggregate(sent.headers))
    assert (message.content_type, message.delivery_mode) == ("application/protobuf", 2)


async def test_a_redriven_message_has_all_its_attempts_again(command, bury, broker_url, database, register, broker):
    """Without new attempts, one more failure of the handler would make it a dead letter again."""
    seen: list[int] = []

    async def fails(delivery) -> None:
        seen.append(delivery.attempt)
        raise StaleVersion

    await bury(register("ada", 1), **SPENT)
    await command("redrive")
    async with running(consume(broker_url, database, fails).run):
        await eventually(lambda: seen[:2], [1, 2])
    assert await broker.depth(DEAD) == 0


async def test_the_list_shows_what_died_and_why_and_removes_nothing(command, bury, register, broker):
    event = register("ada", 1)
    await bury(event)
    for _ in range(30):  # more reads than a delivery limit of 20 would allow
        code, said = await command("list")
    assert code == 0
    header, line, last = said.splitlines()
    assert last == "no parked aggregates"
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
    assert shown["headers"]["cloudEvents:source"] == "/identity"


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
    assert (code, said) == (2, "no queue payments.nothing; the service has payments.governance, payments.identity\n")
    arguments = argparse.Namespace(action="list", queue=None, limit=1, id=None, aggregate=None)
    nowhere = "postgresql://app:secret@127.0.0.1:1/payments"
    assert await run_command("amqp://guest:secret@127.0.0.1:1/", nowhere, "payments", arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("RabbitMQ at 127.0.0.1:1: ")
    assert "secret" not in said


async def test_an_empty_list_is_reported(command):
    assert await command("list") == (0, "no dead letters\nno parked aggregates\n")


@pytest.fixture
def park(broker_url, database, publications, broker):
    """Park aggregates with a handler that refuses every message; their messages stay parked."""

    async def refuse(_delivery) -> None:
        raise InvalidValue

    async def count() -> int:
        async with database.read() as connection:
            return int(await connection.scalar(text("SELECT count(*) FROM parked_messages")))

    async def run(*events) -> None:
        before = await count()
        async with running(consume(broker_url, database, refuse).run):
            await eventually(partial(broker.depth, QUEUE), 0)
            for event in events:
                await broker.send(event, publications, queue=QUEUE)
            await eventually(count, before + len(events))

    return run


async def test_the_list_shows_parked_aggregates_with_their_first_message(command, park, register):
    first, second, other = register("ada", 1), register("ada", 2), register("bob", 1)
    await park(first, second, other)
    code, said = await command("list")
    dead, header, ada, bob = said.splitlines()
    assert (code, dead) == (0, "no dead letters")
    assert re.split(r" {2,}", header) == [
        *("queue", "aggregate", "parked at", "because", "attempts", "next attempt", "waiting", "first id", "first type")
    ]
    queue, aggregate, _, *told = re.split(r" {2,}", ada)
    assert (queue, aggregate) == (QUEUE, "ada")
    assert told == ["The value is not valid.", "1", "when released", "2", str(first.event_id), "identity.user.registered"]
    assert str(other.event_id) in bob
    _, said = await command("list", aggregate="bob", queue=QUEUE)
    assert [line.split()[:2] for line in said.splitlines()[1:]] == [[QUEUE, "bob"]]


async def test_show_decodes_the_first_message_of_a_parked_aggregate(command, park, register):
    event = register("ada", 1)
    await park(event, register("ada", 2), register("bob", 1))
    _, said = await command("show", id=str(event.event_id))
    shown = json.loads(said)
    assert shown["payload"] == {"userId": "ada", "walletAddress": "1", "initialRole": "user"}
    assert shown["headers"]["cloudEvents:subject"] == "ada"
    assert (shown["aggregate"], shown["waiting"]) == ("ada", "2")


@pytest.mark.parametrize(
    ("selected", "released"), [({"aggregate": "ada"}, ["ada"]), ({"queue": DEAD}, ["ada", "bob"]), ({}, ["ada", "bob"])]
)
async def test_released_aggregates_are_handled_in_order(
    selected, released, command, park, broker_url, database, register, effects, broker
):
    await park(register("ada", 1), register("bob", 1), register("ada", 2))
    code, said = await command("release", **selected)
    *lines, last = said.splitlines()
    assert (code, sorted(lines)) == (0, [f"released {aggregate} in {QUEUE}" for aggregate in released])
    assert last == f"{len(released)} released"
    expected = [("ada", 1), ("ada", 2), ("bob", 1)] if "bob" in released else [("ada", 1), ("ada", 2)]
    async with running(consume(broker_url, database, effects.record).run):
        await eventually(effects.count, len(expected))
    assert sorted(await effects.rows()) == expected


async def test_discarding_the_first_message_releases_the_rest(command, park, broker_url, database, register, effects, broker):
    first, second = register("ada", 1), register("ada", 2)
    await park(first, second, register("bob", 1))
    # Only the first: the order of the others would have a gap.
    _, said = await command("discard", id=str(second.event_id))
    assert said == "0 discarded\n"
    _, said = await command("discard", id=str(first.event_id))
    assert said == f"discarded {first.event_id} of ada in {QUEUE}\n1 discarded\n"
    async with running(consume(broker_url, database, effects.record).run):
        await eventually(effects.rows, [("ada", 2)])


async def test_the_error_names_an_unreachable_database(capsys, broker_url):
    arguments = argparse.Namespace(action="release", queue=None, limit=1, id=None, aggregate=None)
    assert await run_command(broker_url, "postgresql://app:secret@127.0.0.1:1/payments", "payments", arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("PostgreSQL at 127.0.0.1:1/payments: ")
    assert "secret" not in said
