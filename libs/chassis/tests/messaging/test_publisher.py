"""Several messages of one aggregate in flight: their order and completeness, whatever the broker answers."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest
from aio_pika.exceptions import DeliveryError
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp.commands import Basic

from chassis.messaging.contracts import Publications
from chassis.messaging.outbox_table import OutboxRow
from chassis.messaging.publisher import Publisher, Wave

PUBLICATIONS = Publications("identity", {})
FAULTS = ("none", "lost", "silent", "no queue")


@dataclass
class Channel:
    """A broker's channel: it accepts messages in the order in which they are written, and answers each some time later.

    `accepted` are the messages in the queue, by position. `refuses` tells which messages it returns or rejects.
    """

    accepted: list[int]
    chance: random.Random
    lost_after: float = float("inf")
    silent_after: float = float("inf")
    refuses: Callable[[str, int], bool] = lambda _type, _position: False
    written: int = 0
    log: list[str] = field(default_factory=list)
    lost: bool = False
    write_pauses: Sequence[int] = (0, 0, 1, 5)
    answer_pauses: Sequence[int] = (0, 0, 1, 5)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def basic_publish(self, body: bytes, *, routing_key: str, properties: Any, **options: Any) -> None:
        async with asyncio.timeout(options["timeout"]):
            async with self.lock:
                await self.some_time(self.write_pauses)
                properties.marshal()
                if self.lost or self.written >= self.lost_after:
                    self.lost = True
                    raise ConnectionError
                if self.written >= self.silent_after:
                    self.silent_after = float("inf")
                    await asyncio.Event().wait()
                self.written += 1
                self.log.append(f"write {int(body)}")
                refused = self.refuses(routing_key, int(body))
                if not refused:
                    self.accepted.append(int(body))
            await self.some_time(self.answer_pauses)
            self.log.append(f"answer {int(body)}")
            if self.lost:
                raise ConnectionError
            if refused:
                raise DeliveryError(None, Basic.Nack())

    async def some_time(self, pauses: Sequence[int]) -> None:
        for _ in range(self.chance.choice(pauses)):
            await asyncio.sleep(0)


def publisher(channel: Channel, *, timeout_seconds: float = 60, allowed: Any = lambda: True) -> Publisher:
    return Publisher(channel, PUBLICATIONS, timeout_seconds=timeout_seconds, allowed=allowed)  # type: ignore[arg-type]


def row(position: int, aggregate: str = "ada", type_: str = "one", **headers: Any) -> OutboxRow:
    return OutboxRow(position, UUID(int=position), type_, aggregate, str(position).encode(), orjson.dumps(headers).decode())


rows = st.lists(
    st.tuples(st.sampled_from(("ada", "bob")), st.sampled_from(("one", "one", "one", "two"))), min_size=1, max_size=60
)
sessions = st.lists(st.tuples(st.sampled_from(FAULTS), st.integers(0, 30), st.integers(1, 40)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows, sessions, st.randoms(use_true_random=False))
def test_first_arrivals_are_in_order_and_complete_after_any_sequence_of_faults(rows, sessions, chance):
    outbox = [row(position, aggregate, type_) for position, (aggregate, type_) in zip(count(1), rows, strict=False)]
    accepted = asyncio.run(relay(outbox, sessions, chance))
    for aggregate in ("ada", "bob"):
        of_aggregate = [each.position for each in outbox if each.aggregate == aggregate]
        assert list(dict.fromkeys(position for position in accepted if position in of_aggregate)) == of_aggregate


async def relay(outbox: list[OutboxRow], sessions: Any, chance: random.Random) -> list[int]:
    """Publish until all is confirmed: each session ends with its fault, or with a wave without one; return what arrived."""
    accepted: list[int] = []
    waiting = list(outbox)
    for fault, at, in_flight_max in (*sessions, ("none", 0, 100)):
        channel = Channel(accepted, chance)
        sender = publisher(channel, timeout_seconds=0.02 if fault == "silent" else 60)
        if fault == "no queue":
            channel.refuses = lambda type_, _: type_ == "one" and channel.written <= at  # noqa: B023
        channel.lost_after = at if fault == "lost" else channel.lost_after
        channel.silent_after = at if fault == "silent" else channel.silent_after
        wave = Wave(confirmed=[0])
        while wave.confirmed and not wave.broken:
            wave = await sender.send(waiting[:40], in_flight_max=in_flight_max)
            waiting = [each for each in waiting if each.position not in wave.confirmed]
    assert waiting == []
    return accepted


UNSENDABLE = {
    "too deep to read": "[" * 2000 + "]" * 2000,
    "too deep to encode": "[" * 900 + "]" * 900,
    "too large for a frame": f'"{"x" * 200_000}"',
}


@pytest.mark.parametrize("headers", [*(f'{{"a": {each}}}' for each in UNSENDABLE.values()), "[]"], ids=[*UNSENDABLE, "no object"])
async def test_a_message_that_cannot_be_encoded_stops_all_behind_it_and_nothing_else(headers: str):
    channel = Channel([], random.Random(1))
    rows = [row(1), row(2), row(3)._replace(headers=headers), row(4), row(5, "bob"), row(6, "bob")]
    wave = await publisher(channel).send(rows, in_flight_max=100)
    assert sorted(channel.accepted) == sorted(wave.confirmed) == [1, 2, 5, 6]
    assert wave.refused.keys() == {"ada"}
    assert wave.broken is None


async def test_a_message_of_another_type_waits_for_the_confirms_before_it():
    """Another type has other queues, and the order between queues is not kept."""
    channel = Channel([], random.Random(1), write_pauses=[0], answer_pauses=[5])
    sender = publisher(channel)
    await sender.send([row(1), row(2, type_="two")], in_flight_max=100)
    channel.log.clear()
    await sender.send([row(3), row(4), row(5), row(6, type_="two"), row(7)], in_flight_max=100)
    assert channel.log[:3] == ["write 3", "write 4", "write 5"]
    assert set(channel.log[3:6]) == {"answer 3", "answer 4", "answer 5"}
    assert channel.log[6:] == ["write 6", "answer 6", "write 7", "answer 7"]


async def test_nothing_is_in_flight_behind_the_first_message_of_a_type():
    """Its queue may be missing; then it may be declared again just before the next message."""
    channel = Channel([], random.Random(1), write_pauses=[0], answer_pauses=[5])
    channel.refuses = lambda _type, position: position == 1
    wave = await publisher(channel).send([row(position) for position in range(1, 9)], in_flight_max=100)
    assert (channel.accepted, wave.confirmed) == ([], [])


async def test_a_refused_message_is_sent_alone_before_those_behind_it_are_sent_again():
    channel = Channel([], random.Random(1))
    sender = publisher(channel)
    await sender.send([row(1)], in_flight_max=100)
    channel.refuses = lambda _type, position: position == 3
    wave = await sender.send([row(position) for position in range(2, 60)], in_flight_max=100)
    assert wave.refused.keys() == {"ada"}
    assert wave.confirmed[0] == 2
    # Some were in flight behind it; the rest was not sent any more.
    assert len(channel.accepted) < 40
    channel.accepted.clear()
    again = await sender.send([row(position) for position in range(3, 60)], in_flight_max=100)
    assert channel.accepted == []
    assert again.refused.keys() == {"ada"}


@pytest.mark.parametrize("messages", [1, 7])
async def test_no_message_is_begun_after_leadership_has_ended(messages):
    channel = Channel([], random.Random(1))
    calls = count(1)
    wave = await publisher(channel, allowed=lambda: next(calls) <= messages).send(
        [row(position, f"user-{position}") for position in range(1, 50)], in_flight_max=5
    )
    assert len(channel.accepted) == len(wave.confirmed) == messages
