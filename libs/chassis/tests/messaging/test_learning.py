"""How the relay reacts to the outcome of a wave, and which rows it selects next."""

from uuid import UUID

import psycopg
import pytest
from aio_pika.exceptions import ChannelInvalidStateError, ChannelPreconditionFailed

from chassis.messaging.connection import BrokerLost
from chassis.messaging.outbox_table import OutboxRow, OutboxTable
from chassis.messaging.publisher import Wave
from chassis.messaging.relay import Relay


def row(position: int, aggregate: str) -> OutboxRow:
    return OutboxRow(position, UUID(int=position), "identity.user.registered", aggregate, b"", "{}")


@pytest.fixture
def relay(publications) -> Relay:
    return Relay("postgresql://nowhere/x", "amqp://nowhere/", publications, in_flight_max=8)


async def learn(relay: Relay, wave: Wave, *rows: OutboxRow) -> None:
    # No wave here contains an unroutable message, the only case in which the channel is used.
    await relay._learn(wave, rows, None)  # type: ignore[arg-type]


async def test_an_aggregate_waits_until_its_own_event_is_confirmed(relay):
    await learn(relay, Wave(refused={"ada": ValueError("no")}), row(1, "ada"))
    assert relay._holds.active() == ["ada"]
    # One of its events was confirmed before the next was refused.
    await learn(relay, Wave(confirmed=[1], refused={"ada": ValueError("no")}), row(1, "ada"), row(2, "ada"))
    assert relay._holds.active() == ["ada"]
    await learn(relay, Wave(confirmed=[3]), row(3, "bob"), row(2, "ada"))
    assert relay._holds.active() == ["ada"]
    await learn(relay, Wave(confirmed=[2]), row(2, "ada"))
    assert (relay._holds.active(), len(relay._holds)) == ([], 0)


async def test_after_a_break_it_continues_with_one_message_and_then_more_again(relay):
    with pytest.raises(BrokerLost):
        await learn(relay, Wave(broken=ConnectionError(), suspect="ada"), row(1, "ada"))
    # Many were in flight: it is not known which of them broke the channel.
    windows = [relay._window]
    for _ in range(4):
        await learn(relay, Wave(confirmed=[1]), row(1, "ada"))
        windows.append(relay._window)
    assert (windows, len(relay._holds)) == ([1, 2, 4, 8, 8], 0)


@pytest.mark.parametrize(
    ("error", "blamed"),
    [
        (ChannelPreconditionFailed("malformed"), ["ada"]),
        (ChannelInvalidStateError("closed"), []),
        (ConnectionError(), []),
        (TimeoutError(), []),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_a_broken_channel_blocks_only_a_message_that_was_alone_in_flight(relay, error, blamed):
    never: list[str] = []
    for expected in (never, blamed):
        with pytest.raises(BrokerLost):
            await learn(relay, Wave(broken=error, suspect="ada"), row(1, "ada"))
        assert (relay._holds.active(), relay._window) == (expected, 1)


async def test_too_many_blocked_aggregates_do_not_lead_to_single_messages(relay, monkeypatch):
    monkeypatch.setattr("chassis.messaging.relay.HOLDS_MAX", 2)
    await learn(relay, Wave(refused={"ada": ValueError(), "bob": ValueError()}), row(1, "ada"), row(2, "bob"))
    with pytest.raises(BrokerLost, match="more than 2"):
        await learn(relay, Wave(refused={"eve": ValueError()}), row(3, "eve"))


async def test_rows_are_selected_in_their_order_whatever_their_place_in_the_table(database_urls):
    async with await psycopg.AsyncConnection.connect(database_urls.owner, autocommit=True) as connection:
        for position, aggregate in ((5, "ada"), (3, "bob"), (4, None), (1, "ada"), (2, None)):
            await connection.execute(
                """
                INSERT INTO outbox (position, message_id, type, aggregate_id, payload, headers)
                OVERRIDING SYSTEM VALUE VALUES (%s, gen_random_uuid(), 't', %s, '', '{}')
                """,
                (position, aggregate),
            )
        table = OutboxTable(connection)

        async def taken(limit: int, *without: str) -> list[tuple[int, str]]:
            return [(each.position, each.aggregate) for each in await table.fetch(limit=limit, without=without)]

        assert await taken(9) == [(1, "ada"), (2, "2"), (3, "bob"), (4, "4"), (5, "ada")]
        assert await taken(2) == [(1, "ada"), (2, "2")]
        assert await taken(2, "ada", "4") == [(2, "2"), (3, "bob")]
        # The age of the backlog is the age of its first row.
        await connection.execute("UPDATE outbox SET created_at = clock_timestamp() - interval '1 hour' * position")
        rows, seconds = await table.backlog()
        assert (rows, 3600 <= seconds < 7200) == (5, True)
        await table.delete([1, 3])
        assert await taken(9) == [(2, "2"), (4, "4"), (5, "ada")]
        await table.delete([2, 4, 5])
        assert await table.backlog() == (0, 0)
