"""Reading a feed of a service until only later changes are left."""

from collections.abc import Awaitable, Callable
from typing import Any

from chassis.testing.running import eventually


async def read_to_the_end(read: Callable[[str], Awaitable[tuple[Any, ...]]], restart: str) -> str:
    """Return where a round begins that reads only later changes. `read` returns what a round found and where the next begins.

    A feed gives a row again while any transaction is open that began before its change, also one of another test's database.
    """

    async def is_at_the_end() -> bool:
        nonlocal restart
        found, restart, *_ = await read(restart)
        return not found

    await eventually(is_at_the_end)
    return restart
