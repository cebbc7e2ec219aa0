"""Tasks left running by a test end with it, and so do tasks that they start meanwhile."""

import asyncio

import pytest

from chassis.testing import running
from chassis.testing.running import end_tasks


async def test_a_task_ends_with_those_that_it_starts_while_ending_and_others_continue() -> None:
    ended = []

    async def sleep(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def run_on() -> None:
        try:
            await sleep("first")
        finally:
            begun.append(asyncio.create_task(sleep("its last")))
            await asyncio.sleep(0)

    begun: list[asyncio.Task[None]] = []
    other = asyncio.create_task(sleep("other"))
    await asyncio.sleep(0)
    before = asyncio.all_tasks()
    left = asyncio.create_task(run_on())
    await asyncio.sleep(0)
    await end_tasks(before)
    assert (left.done(), begun[0].done(), other.done(), ended) == (True, True, False, ["first", "its last"])


async def test_a_task_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_CANCEL_SECONDS_MAX", 0.01)
    enough = asyncio.Event()

    async def deaf() -> None:
        while not enough.is_set():
            try:
                await enough.wait()
            except asyncio.CancelledError:
                continue

    before = asyncio.all_tasks()
    task = asyncio.create_task(deaf(), name="deaf one")
    await asyncio.sleep(0)
    with pytest.raises(AssertionError, match="deaf one"):
        await end_tasks(before)
    enough.set()
    await task
