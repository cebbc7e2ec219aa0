"""Find and end processes by their entries in /proc."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def started_at(pid: int) -> str:
    """Return the kernel's start time of a process, "" if there is no such process."""
    try:
        state, *_, started = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[:20]
    except (OSError, ValueError):
        return ""
    return "" if state == "Z" else started


def end_all(belongs: Callable[[Path], bool], stop_signal: signal.Signals, *, seconds_max: float) -> None:
    """Send the stop signal to processes whose folder in /proc `belongs` accepts; kill those that do not end in time."""
    found = _belonging(belongs)
    deadline = time.monotonic() + seconds_max
    _send(found, stop_signal)
    while found and time.monotonic() < deadline:
        time.sleep(0.05)
        found = [pid for pid in found if started_at(pid)]
    _send(_belonging(belongs), signal.SIGKILL)


def _belonging(belongs: Callable[[Path], bool]) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        # A process may end meanwhile, and other users' processes cannot be read.
        with contextlib.suppress(OSError):
            if belongs(entry) and started_at(int(entry.name)):
                found.append(int(entry.name))
    return found


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
