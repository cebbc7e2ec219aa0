"""Ending processes by what /proc shows of them."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def started_at(pid: int) -> str:
    """Return the kernel's start time of a process, "" when there is none."""
    try:
        state, *_, started = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[:20]
    except (OSError, ValueError):
        return ""
    return "" if state == "Z" else started


def end_all(belongs: Callable[[Path], bool], stop_signal: signal.Signals, *, seconds_max: float) -> None:
    """Ask the processes to end whose folder in /proc `belongs` accepts, and kill those that have not ended in time."""
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
        # A process may end while it is looked at, and other users' processes cannot be read.
        with contextlib.suppress(OSError):
            if belongs(entry) and started_at(int(entry.name)):
                found.append(int(entry.name))
    return found


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
