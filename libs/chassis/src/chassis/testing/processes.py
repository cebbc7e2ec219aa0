"""Runs a real process of a service in a test, and reads its log lines."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any


class LoggingProcess:
    """A running process and its log lines; `text` is its whole output."""

    def __init__(self, process: asyncio.subprocess.Process, output: asyncio.StreamReader) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self.text = ""
        self._grown = asyncio.Event()
        self._reader = asyncio.create_task(self._read(output))

    async def _read(self, output: asyncio.StreamReader) -> None:
        while line := await output.readline():
            self.text += line.decode()
            if line.startswith(b"{"):
                self.lines.append(json.loads(line))
            self._grown.set()

    async def line(self, event: str, seconds: float = 120, *, number: int = 1, **fields: object) -> dict[str, Any]:
        """Wait for a matching log line: the first, or the one with `number`."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._grown.clear()
                    found = [line for line in self.lines if line["event"] == event and fields.items() <= line.items()]
                    if len(found) >= number:
                        return found[number - 1]
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"no {event!r} line in\n{self.text}") from None

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def exit_code(self, seconds: float = 120) -> int:
        async with asyncio.timeout(seconds):
            code = await self.process.wait()
            await self._reader
        return code


@asynccontextmanager
async def started(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[LoggingProcess]:
    """Start a process with standard error in its output; kill it at the block's end if it still runs."""
    running = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    if running.stdout is None:
        raise ValueError("the process has no output to read")
    process = LoggingProcess(running, running.stdout)
    try:
        yield process
    finally:
        if running.returncode is None:
            running.kill()
        await process.exit_code()
