"""Starts relays and consumers as processes, for tests that kill or stop them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.testing.running import eventually

PROCESS = Path(__file__).with_name("process.py")


class Nursery:
    """Starts processes, and kills them."""

    def __init__(self, process: asyncio.subprocess.Process, relay_url: str, database_url: str, broker_url: str) -> None:
        self._process = process
        self._urls = relay_url, database_url, broker_url

    async def start(self, role: str, *, broker_url: str | None = None, lease_seconds: float = 10) -> int:
        assert self._process.stdin
        assert self._process.stdout
        relay_url, database_url, usual_broker_url = self._urls
        line = f"{role} {relay_url} {database_url} {broker_url or usual_broker_url} {lease_seconds}\n"
        self._process.stdin.write(line.encode())
        return int(await self._process.stdout.readline())

    async def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: not Path(f"/proc/{pid}").exists())


@asynccontextmanager
async def nursery_for(relay_url: str, database_url: str, broker_url: str) -> AsyncIterator[Nursery]:
    """Run the process that forks the others, and end it with all of them."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROCESS)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Nursery(process, relay_url, database_url, broker_url)
    finally:
        # The process group includes everything that it has started.
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
