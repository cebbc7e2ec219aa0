import asyncio

import pytest
from structlog.testing import capture_logs

from chassis import waiting
from chassis.run.background import Backgrounds
from chassis.testing.running import eventually
from chassis.waiting import Backoff, StoppedWaiting, wait_until_ready


async def test_a_ready_dependency_is_not_waited_for():
    with capture_logs() as lines:
        await wait_until_ready("the database", lambda: asyncio.sleep(0, None), asyncio.Event())
    assert lines == []


async def test_it_logs_what_it_waits_for_and_hides_secrets():
    tries = iter([ConnectionError("no route to postgresql://app:hunter2@db/x"), None])

    async def ready() -> None:
        if problem := next(tries):
            raise problem

    with capture_logs() as lines:
        await wait_until_ready("the database", ready, asyncio.Event())
    assert [line["event"] for line in lines] == ["waiting", "waited"]
    assert lines[0]["what"] == "the database"
    assert "hunter2" not in lines[0]["problem"]


async def test_pauses_double_up_to_five_seconds(monkeypatch):
    pauses: list[float] = []
    stop = asyncio.Event()

    async def record(_stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            stop.set()

    monkeypatch.setattr(waiting, "sleep_unless", record)
    with pytest.raises(StoppedWaiting):
        await wait_until_ready("the moon", lambda: asyncio.sleep(0, False), stop)
    for pause, whole in zip(pauses, (0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5), strict=True):
        assert whole / 2 <= pause <= whole


async def test_it_keeps_waiting_while_the_check_returns_false():
    answers = iter([False, True])
    await wait_until_ready("the schema", lambda: asyncio.sleep(0, next(answers)), asyncio.Event())


async def test_a_stop_ends_the_waiting_immediately(monkeypatch):
    monkeypatch.setattr(waiting, "Backoff", lambda: Backoff(first_seconds=3600, seconds_max=3600))
    stop = asyncio.Event()
    waits = asyncio.create_task(wait_until_ready("the moon", lambda: asyncio.sleep(0, False), stop))
    with capture_logs() as lines:
        await eventually(lambda: [line["event"] for line in lines], ["waiting"])
    stop.set()
    with pytest.raises(StoppedWaiting, match="the moon"):
        await waits


async def test_background_work_is_asked_to_stop_and_may_finish():
    finished = asyncio.Event()

    async def work(stop: asyncio.Event) -> None:
        await stop.wait()
        await asyncio.sleep(0)
        finished.set()

    backgrounds = Backgrounds([work])
    backgrounds.start(asyncio.Event())
    await backgrounds.stop(grace_seconds=60)
    assert finished.is_set()
    assert not backgrounds.failed


async def test_background_work_that_takes_too_long_is_cancelled():
    cut = asyncio.Event()

    async def work(_stop: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    backgrounds = Backgrounds([work])
    backgrounds.start(asyncio.Event())
    await backgrounds.stop(grace_seconds=0.1)
    assert cut.is_set()


@pytest.mark.parametrize("fails", [True, False])
async def test_background_work_that_fails_or_ends_by_itself_stops_the_process(fails):
    async def work(_stop: asyncio.Event) -> None:
        if fails:
            raise RuntimeError("broken")

    process_stop = asyncio.Event()
    backgrounds = Backgrounds([work])
    backgrounds.start(process_stop)
    await process_stop.wait()
    assert backgrounds.failed
    await backgrounds.stop(grace_seconds=60)


async def test_background_work_asked_to_stop_while_it_waits_has_not_failed():
    async def work(stop: asyncio.Event) -> None:
        await wait_until_ready("the moon", lambda: asyncio.sleep(0, False), stop)

    backgrounds = Backgrounds([work])
    with capture_logs() as lines:
        backgrounds.start(asyncio.Event())
        await eventually(lambda: [line["event"] for line in lines], ["waiting"])
    await backgrounds.stop(grace_seconds=60)
    assert not backgrounds.failed
