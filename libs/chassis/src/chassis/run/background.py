"""Background work of a process: started together, stopped together; one that fails ends the process."""

import asyncio
from collections.abc import Sequence

from chassis.run.service import Background
from chassis.telemetry import log
from chassis.waiting import StoppedWaiting


class Backgrounds:
    """Runs the background work of one process until told to stop."""

    def __init__(self, runs: Sequence[Background]) -> None:
        self.failed = False
        self._runs = runs
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, process_stop: asyncio.Event) -> None:
        """Start all; `process_stop` is set when one fails, for a process that half works helps nobody."""
        self._tasks = [asyncio.create_task(self._watch(run, process_stop), name=name_of(run)) for run in self._runs]

    async def stop(self, grace_seconds: float) -> None:
        """Tell all to stop, let them finish what they have in hand, cancel what takes longer."""
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
            log.error("background_ended", name=name_of(run), reason="it returned before it was told to stop")
        self.failed = True
        process_stop.set()


def name_of(run: Background) -> str:
    """Name background work for logs: "Relay.run"."""
    return str(getattr(run, "__qualname__", type(run).__name__))
