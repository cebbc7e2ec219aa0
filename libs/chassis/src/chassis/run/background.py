"""Background work of a process: started and stopped together; if one fails, the process ends."""

import asyncio
from collections.abc import Sequence

from chassis.run.service import Background
from chassis.telemetry import log
from chassis.waiting import StoppedWaiting


class Backgrounds:
    """Runs the background work of one process until it is stopped."""

    def __init__(self, runs: Sequence[Background]) -> None:
        self.failed = False
        self._runs = runs
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, process_stop: asyncio.Event) -> None:
        """Start all; if one fails, set `process_stop`, so that no half-working process remains."""
        self._tasks = [asyncio.create_task(self._watch(run, process_stop), name=name_of(run)) for run in self._runs]

    async def stop(self, grace_seconds: float) -> None:
        """Ask all to stop and finish their work; cancel those that take longer than the grace."""
        self._stop.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=max(grace_seconds, 0.1))
        for task in late:
            log.warning("background_cut", name=task.get_name(), grace_seconds=grace_seconds)
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _watch(self, run: Background, process_stop: asyncio.Event) -> None:
        try:
            await run(self._stop)
        except StoppedWaiting:
            return
        except Exception:  # noqa: BLE001  # whatever it was, the process ends with it
            log.exception("background_failed", name=name_of(run))
        else:
            if self._stop.is_set():
                return
            log.error("background_ended", name=name_of(run), reason="it returned before it was stopped")
        self.failed = True
        process_stop.set()


def name_of(run: Background) -> str:
    """Return the name of background work for logs: "Relay.run"."""
    return str(getattr(run, "__qualname__", type(run).__name__))
