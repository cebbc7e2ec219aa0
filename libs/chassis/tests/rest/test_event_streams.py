"""The progress of a bulk transfer as a stream: its events, and its end."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from kernel.errors import NotFound, Unavailable
from payments.application.bulk_transfers.views import BulkView
from payments.interfaces.rest import progress

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def bulk(version: int, *, ended: bool = False) -> BulkView:
    return BulkView(
        id=UUID(int=1),
        initiator_id=UUID(int=2),
        source_id=UUID(int=3),
        currency="NAD",
        mode="best_effort",
        format="text/csv",
        label="",
        lines_total=10,
        amount_total=Decimal(10),
        status="completed" if ended else "running",
        settled=version,
        awaiting=0,
        refused=0,
        not_run=0,
        reason=None,
        created_at=AT,
        started_at=AT,
        progressed_at=AT,
        ended_at=AT if ended else None,
        version=version,
    )


class Looks:
    """Returns the next view at each read; a read beyond the last one is a defect."""

    def __init__(self, *views: BulkView) -> None:
        self.left: Iterator[BulkView] = iter(views)

    async def __call__(self) -> BulkView:
        return next(self.left)


async def events_of(*views: BulkView) -> list[str]:
    """Follow to the end, and return the stream's events by name and number, and its keep-alive comments."""
    stream: AsyncIterator[bytes] = (await progress.follow(Looks(*views))).body_iterator  # type: ignore[assignment]
    lines = b"".join([part async for part in stream]).decode().splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    numbers = iter(line.removeprefix("id: ") for line in lines if line.startswith("id: "))
    assert len([line for line in lines if line.startswith("data: ")]) == len(names)
    return [
        f"{line.removeprefix('event: ')} {next(numbers)}" if line.startswith("event: ") else line
        for line in lines
        if line.startswith(("event: ", ":"))
    ]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOK_EVERY_SECONDS", 0)
    monkeypatch.setattr(progress, "SILENCE_LOOKS_MAX", 3)


async def test_each_change_is_sent_once_and_a_quiet_stream_sends_keep_alives() -> None:
    one, two = bulk(1), bulk(2)
    # Two equal reads are not yet a quiet stream.
    assert await events_of(one, one, one, two, two, two, bulk(3), bulk(3), bulk(4, ended=True)) == [
        "progress 1",
        "progress 2",
        "progress 3",
        "end 4",
    ]
    assert await events_of(one, *[two] * 7, bulk(3), bulk(4, ended=True)) == [
        "progress 1",
        "progress 2",
        ": still here",
        ": still here",
        "progress 3",
        "end 4",
    ]


async def test_an_ended_file_sends_one_event_and_is_not_read_again() -> None:
    assert await events_of(bulk(7, ended=True)) == ["end 7"]


async def test_after_the_longest_stream_the_client_reconnects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOKS_MAX", 2)
    assert await events_of(bulk(1), bulk(2), bulk(3)) == ["progress 1", "progress 2", "progress 3"]


async def test_the_number_of_followers_is_limited_and_a_closed_stream_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FOLLOWERS_MAX", 2)
    streams: list[AsyncIterator[bytes]] = []
    for _ in range(2):
        streams.append((await progress.follow(Looks(bulk(1)))).body_iterator)  # type: ignore[arg-type]
        assert await anext(streams[-1])
    with pytest.raises(Unavailable):
        await progress.follow(Looks(bulk(1)))
    await streams[0].aclose()  # type: ignore[attr-defined]
    assert await events_of(bulk(1, ended=True)) == ["end 1"]
    # One stream ended and one found its file gone: both have freed their places.
    assert await _gone() == 1
    assert await events_of(bulk(1, ended=True)) == ["end 1"]
    await streams[1].aclose()  # type: ignore[attr-defined]


async def _gone() -> int:
    """Follow a file that is not found at the second read; return the number of parts in the stream."""
    looks = iter([bulk(1)])

    async def read() -> BulkView:
        for found in looks:
            return found
        raise NotFound(bulk_id=UUID(int=1))

    return len([part async for part in (await progress.follow(read)).body_iterator])
