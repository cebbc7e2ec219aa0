"""`kill -9` of relay and consumer at any time: no event is lost, none takes effect twice, each aggregate stays in order.

Handlers fail now and then, and park their aggregates; an operator releases them again and again.
The journal numbers each audit fact once.
"""

import random
from functools import partial
from uuid import UUID

from psycopg import AsyncConnection

from chassis.messaging.parked_letters import ParkedLetters
from chassis.testing.running import eventually
from libs.chassis.tests.messaging.facts import numbered, write

USERS, EACH, ROUNDS = 20, 10, 5
EVENTS = USERS * EACH


async def test_killed_processes_lose_and_duplicate_nothing(outbox, nursery, register, effects):
    chance = random.Random(7)
    facts: list[UUID] = []
    for number in range(ROUNDS):
        async with await AsyncConnection.connect(outbox.app_url, autocommit=True) as connection:
            facts += await write(connection, EACH)
        await outbox.write(*(register(f"user-{user}", number * EACH + n) for n in range(EACH) for user in range(USERS)))
        running = {role: await nursery.start(role) for role in ("relay", "consumer")}
        for role in chance.sample(sorted(running), 2):
            # Each at a different point of its work.
            await _has_work_behind_it(role, outbox, effects, before=await effects.count(), more=chance.randrange(1, 15))
            await nursery.kill(running[role])
    last = [await nursery.start(role) for role in ("relay", "consumer")]
    try:
        await outbox.wait_empty()
        await eventually(partial(_released, effects), ROUNDS * EVENTS)
        async with await AsyncConnection.connect(outbox.app_url, autocommit=True) as connection:
            await eventually(partial(numbered, connection), facts)
    finally:
        for pid in last:
            await nursery.kill(pid)
    rows = await effects.rows()
    for user in range(USERS):
        assert [number for name, number in rows if name == f"user-{user}"] == list(range(ROUNDS * EACH))


async def _has_work_behind_it(role: str, outbox, effects, *, before: int, more: int) -> None:
    async def has() -> bool:
        if role == "relay":
            return bool(await outbox.count() <= EVENTS - more)
        return bool(await _released(effects) >= before + more)

    await eventually(has)


async def _released(effects) -> int:
    """Release all parked aggregates, and return the number of effects."""
    await ParkedLetters(effects.database, {}).release(queue=None, aggregate=None)
    return int(await effects.count())
