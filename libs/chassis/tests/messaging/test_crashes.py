"""`kill -9` of relay and consumer, at any time: no event lost, none takes effect twice, each aggregate in order."""

import asyncio
import random
import sys
from pathlib import Path

from chassis.testing.running import eventually

PROCESS = Path(__file__).with_name("process.py")
USERS, EACH = 20, 50


async def test_killed_processes_lose_nothing_and_double_nothing(outbox, broker_url, register, effects):
    chance = random.Random(7)
    writing = asyncio.create_task(_write_slowly(outbox, register))
    for _ in range(5):
        relay, consumer = [await _start(role, outbox.url, broker_url) for role in ("relay", "consumer")]
        await _wait_for_progress(effects, seconds=60)
        await asyncio.sleep(chance.uniform(0, 0.4))
        for process in chance.sample([relay, consumer], 2):
            process.kill()
            await process.wait()
    await writing
    last = [await _start(role, outbox.url, broker_url) for role in ("relay", "consumer")]
    try:
        await outbox.wait_empty()
        await eventually(effects.count, USERS * EACH, seconds=60)
    finally:
        for process in last:
            process.kill()
            await process.wait()
    for user in range(USERS):
        assert [number for name, number in await effects.rows() if name == f"user-{user}"] == list(range(EACH))


async def _write_slowly(outbox, register) -> None:
    for number in range(EACH):
        await outbox.write(*(register(f"user-{user}", number) for user in range(USERS)))
        await asyncio.sleep(0.1)


async def _start(role: str, database_url: str, broker_url: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(PROCESS), role, database_url, broker_url, stdout=asyncio.subprocess.DEVNULL
    )


async def _wait_for_progress(effects, *, seconds: float) -> None:
    """So that each killing hits processes that are at work."""
    before = await effects.count()

    async def progressed() -> bool:
        return bool(await effects.count() > before)

    if before < USERS * EACH:
        await eventually(progressed, True, seconds=seconds)
