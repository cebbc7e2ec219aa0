"""What is followed as a stream: its events, its end, and one reader for all followers of a thing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import pytest
from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from chassis.rest import event_streams
from chassis.rest.event_streams import EventStream
from chassis.rest.followers import Followers
from chassis.testing.running import eventually
from kernel.actor import Actor
from kernel.errors import AccessDenied, NotFound, Unavailable
from kernel.following import Followed

ANNA = Actor.service("anna")


class Shown(BaseModel):
    number: int


@dataclass(frozen=True)
class Door:
    version: int
    is_open: bool = True


def show(door: Door) -> Shown:
    return Shown(number=door.version)


@dataclass
class Doors:
    """Returns the next view at each read; a read beyond the last one is a defect."""

    left: Iterator[Door | None]
    reads: int = 0
    denied: bool = False
    readmitted: list[Actor] = field(default_factory=list)

    async def read(self) -> Door | None:
        self.reads += 1
        return next(self.left)

    def permit(self, _actor: Actor, _door: Door) -> None:
        if self.denied:
            raise NotFound

    def followed(self, first: Door) -> Followed[Door]:
        return Followed(key="door", first=first, read=self.read, permit=self.permit)


def doors(*views: Door | None) -> Doors:
    return Doors(iter(views))


@pytest.fixture
def followers() -> Followers:
    return Followers(followers_max=2, of_a_person_max=2, look_every_seconds=0.000001)


def stream(
    followers: Followers,
    *,
    actor: Actor = ANNA,
    readmit: Callable[[], Awaitable[Actor]] | None = None,
    last_seen: int | None = None,
) -> EventStream:
    async def admitted() -> Actor:
        return actor

    return EventStream(followers, actor, readmit or admitted, last_seen)


def body(response: Response) -> AsyncIterator[bytes]:
    assert isinstance(response, StreamingResponse)
    return response.body_iterator  # type: ignore[return-value]


async def events_of(followers: Followers, first: Door, *views: Door | None, last_seen: int | None = None) -> list[str]:
    """Follow to the end, and return the stream's events by name and number, and its keep-alive comments."""
    response = await stream(followers, last_seen=last_seen)(doors(*views).followed(first), show)
    return told(b"".join([part async for part in body(response)]))


def told(content: bytes) -> list[str]:
    lines = content.decode().splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    numbers = iter(line.removeprefix("id: ") for line in lines if line.startswith("id: "))
    assert lines[0] == "retry: 1000"
    assert len([line for line in lines if line.startswith("data: ")]) == len(names)
    return [
        f"{line.removeprefix('event: ')} {next(numbers)}" if line.startswith("event: ") else line
        for line in lines
        if line.startswith(("event: ", ":"))
    ]


async def test_each_change_is_sent_once_and_a_quiet_stream_sends_keep_alives(
    followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_streams, "SILENT_LOOKS_MAX", 3)
    one, two = Door(1), Door(2)
    # Two equal reads are not yet a quiet stream.
    assert await events_of(followers, one, one, one, two, two, two, Door(3), Door(3), Door(4, is_open=False)) == [
        "progress 1",
        "progress 2",
        "progress 3",
        "end 4",
    ]
    assert await events_of(followers, one, *[two] * 7, Door(3), Door(4, is_open=False)) == [
        "progress 1",
        "progress 2",
        ": still here",
        ": still here",
        "progress 3",
        "end 4",
    ]


async def test_what_has_ended_is_one_event_and_is_not_read_again(followers: Followers) -> None:
    assert await events_of(followers, Door(7, is_open=False)) == ["end 7"]
    assert followers.count == 0


async def test_a_look_that_is_older_than_what_was_sent_is_not_sent(followers: Followers) -> None:
    assert await events_of(followers, Door(3), Door(2), Door(4), Door(5, is_open=False)) == ["progress 3", "progress 4", "end 5"]


async def test_a_client_that_returns_gets_what_it_has_not_seen(followers: Followers) -> None:
    ended = Door(5, is_open=False)
    assert await events_of(followers, Door(4), ended, last_seen=4) == ["end 5"]
    assert await events_of(followers, Door(4), ended, last_seen=3) == ["progress 4", "end 5"]
    # A version that does not exist yet: the client has it from somewhere else.
    assert await events_of(followers, Door(4), ended, last_seen=9) == ["progress 4", "end 5"]
    assert await events_of(followers, ended, last_seen=4) == ["end 5"]
    response = await stream(followers, last_seen=5)(doors().followed(ended), show)
    # The only answer after which a browser does not connect again.
    assert (response.status_code, bytes(response.body)) == (204, b"")


async def test_after_the_longest_stream_the_client_reconnects(followers: Followers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "STREAM_SECONDS", 3 * followers.look_every_seconds)
    assert await events_of(followers, Door(1), *[Door(number) for number in range(2, 9)]) == [
        "progress 1",
        "progress 2",
        "progress 3",
    ]


async def test_the_number_of_followers_is_limited_and_a_closed_stream_frees_its_place(followers: Followers) -> None:
    slow = Followers(followers_max=2, of_a_person_max=2, look_every_seconds=100)
    streams = [body(await stream(slow)(doors().followed(Door(1)), show)) for _ in range(2)]
    for each in streams:
        assert await anext(each)
    for refused in (stream(slow), stream(slow, actor=Actor.service("ben"))):
        with pytest.raises(Unavailable):
            await refused(doors().followed(Door(1)), show)
        with pytest.raises(Unavailable):
            refused.require_place()
    await streams[0].aclose()  # type: ignore[attr-defined]
    assert told(b"".join([part async for part in body(await stream(slow)(doors().followed(Door(1, False)), show))])) == ["end 1"]
    await streams[1].aclose()  # type: ignore[attr-defined]
    assert slow.count == 0


async def test_a_person_cannot_use_the_places_of_others() -> None:
    slow = Followers(followers_max=3, of_a_person_max=1, look_every_seconds=100)
    one = body(await stream(slow)(doors().followed(Door(1)), show))
    assert await anext(one)
    with pytest.raises(Unavailable):
        await stream(slow)(doors().followed(Door(1)), show)
    another = body(await stream(slow, actor=Actor.service("ben"))(doors().followed(Door(1)), show))
    assert await anext(another)
    for each in (one, another):
        await each.aclose()  # type: ignore[attr-defined]


async def test_followers_of_one_thing_share_one_reader_which_ends_with_the_last() -> None:
    crowd = Followers(followers_max=50, of_a_person_max=50, look_every_seconds=0.000001)
    go_on = asyncio.Event()
    reads = 0

    async def read() -> Door:
        nonlocal reads
        reads += 1
        await go_on.wait()
        return Door(2, is_open=False)

    def followed() -> Followed[Door]:
        return Followed(key="door", first=Door(1), read=read, permit=lambda _actor, _door: None)

    following = [asyncio.create_task(collected(await stream(crowd)(followed(), show))) for _ in range(30)]
    await eventually(lambda: crowd.count, 30)
    await eventually(lambda: reads, 1)
    go_on.set()
    assert await asyncio.gather(*following) == [["progress 1", "end 2"]] * 30
    assert (reads, crowd.count) == (1, 0)
    left = body(await stream(crowd)(followed(), show))
    await anext(left)
    readers = len(asyncio.all_tasks())
    await left.aclose()  # type: ignore[attr-defined]
    await eventually(lambda: len(asyncio.all_tasks()) < readers)


async def collected(response: Response) -> list[str]:
    return told(b"".join([part async for part in body(response)]))


async def test_a_failed_read_ends_the_streams_and_the_next_follower_reads_again(followers: Followers) -> None:
    assert await events_of(followers, Door(1), None) == ["progress 1"]
    # Reading beyond the last view fails.
    assert await events_of(followers, Door(1)) == ["progress 1"]
    assert await events_of(followers, Door(1), Door(2, is_open=False)) == ["progress 1", "end 2"]
    assert followers.count == 0


async def test_a_stream_ends_when_its_session_has_ended_or_its_caller_may_not_see_it_any_more(followers: Followers) -> None:
    async def ended() -> Actor:
        raise AccessDenied

    views = [Door(2), Door(3)]
    response = await stream(followers, readmit=ended)(doors(*views).followed(Door(1)), show)
    assert await collected(response) == ["progress 1"]
    denied = doors(*views)
    denied.denied = True
    assert await collected(await stream(followers)(denied.followed(Door(1)), show)) == ["progress 1"]


async def test_a_draining_process_ends_all_streams_at_once() -> None:
    slow = Followers(look_every_seconds=100)
    following = [
        asyncio.create_task(collected(await stream(slow)(doors().followed(Door(number)), show))) for number in range(1, 4)
    ]
    await eventually(lambda: slow.count, 3)
    slow.drain()
    assert await asyncio.gather(*following) == [["progress 1"], ["progress 2"], ["progress 3"]]
    # A browser never connects again after a refusal, so a later client gets a stream that ends at once.
    assert await collected(await stream(slow)(doors().followed(Door(1)), show)) == []
