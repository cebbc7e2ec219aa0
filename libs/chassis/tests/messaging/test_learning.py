"""What the relay makes of what became of a wave, and which rows it takes up next."""

from uuid import UUID

import psycopg
import pytest
from aio_pika.exceptions import ChannelInvalidStateError, ChannelPreconditionFailed

from chassis.messaging.connection import BrokerLost
from chassis.messaging.outbox_table import OutboxRow, OutboxTable
from chassis.messaging.publisher import Wave
from chassis.messaging.relay import Relay


def row(position: int, aggregate: str) -> OutboxRow:
    return OutboxRow(position, UUID(int=position), "identity.user.registered", aggregate, b"", {})


@pytest.fixture
def relay(publications) -> Relay:
    return Relay("postgresql://nowhere/x", "amqp://nowhere/", publications, in_flight_max=8)


async def learn(relay: Relay, wave: Wave, *rows: OutboxRow) -> None:
    # No wave here holds what is unroutable, for which alone the channel is asked.
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


async def test_after_a_break_it_goes_on_with_one_message_and_then_more_again(relay):
    with pytest.raises(BrokerLost):
        await learn(relay, Wave(broken=ConnectionError(), suspect="ada"), row(1, "ada"))
    # Many were under way: which of them was to blame is not known.
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
async def test_only_what_was_alone_under_way_is_blamed_for_a_broken_channel(relay, error, blamed):
    never: list[str] = []
    for expected in (never, blamed):
        with pytest.raises(BrokerLost):
            await learn(relay, Wave(broken=error, suspect="ada"), row(1, "ada"))
        assert (relay._holds.active(), relay._window) == (expected, 1)


async def test_too_many_aggregates_on_hold_are_no_matter_of_single_messages(relay, monkeypatch):
    monkeypatch.setattr("chassis.messaging.relay.HOLDS_MAX", 2)
    await learn(relay, Wave(refused={"ada": ValueError(), "bob": ValueError()}), row(1, "ada"), row(2, "bob"))
    with pytest.raises(BrokerLost, match="more than 2"):
        await learn(relay, Wave(refused={"eve": ValueError()}), row(3, "eve"))


async def test_rows_are_taken_up_in_their_order_whatever_order_they_lie_in(outbox):
    async with await psycopg.AsyncConnection.connect(outbox.url, autocommit=True) as connection:
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
        # How old the backlog is, is how old its first is.
        await connection.execute("UPDATE outbox SET created_at = clock_timestamp() - interval '1 hour' * position")
        rows, seconds = await table.backlog()
        assert (rows, 3600 <= seconds < 7200) == (5, True)
        await table.delete([1, 3])
        assert await taken(9) == [(2, "2"), (4, "4"), (5, "ada")]
        await table.delete([2, 4, 5])
        assert await table.backlog() == (0, 0)
