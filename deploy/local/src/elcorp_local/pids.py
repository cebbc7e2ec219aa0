"""Pid files that distinguish our process from a later one with the same number."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from chassis.linux_processes import started_at
from elcorp_local.failure import Failure


class NotOurs(Failure):
    """The process belongs to another user."""


class Ended(Failure):
    """The process ended while it was being read."""


def record(file: Path, pid: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{pid} {started_at(pid)}")


def running(file: Path) -> int | None:
    """Return the pid in the file if that process still runs: its start time must match too."""
    try:
        pid_text, started = file.read_text().split()
        pid = int(pid_text)
    except (FileNotFoundError, ValueError):
        return None
    return pid if started_at(pid) == started else None


def end_leftover(file: Path, stop_signal: signal.Signals, *, seconds_max: float) -> None:
    """End the process that a killed runner left, and remove its pid file."""
    if pid := running(file):
        end_group(pid, stop_signal, lambda: running(file) is None, seconds_max=seconds_max)
    file.unlink(missing_ok=True)


def end_group(pid: int, stop_signal: signal.Signals, ended: Callable[[], bool], *, seconds_max: float) -> None:
    """Ask a process to end; kill it, with its children, if it has not ended after a while."""
    deadline = time.monotonic() + seconds_max
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, stop_signal)
        while not ended() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not ended():
            os.killpg(pid, signal.SIGKILL)


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with; only its own user may read it."""
    pairs = (pair.partition("=") for pair in _proc(pid, "environ"))
    return {name: value for name, _, value in pairs}


def command_of(pid: int) -> list[str]:
    """Return the program of a process and its arguments."""
    return _proc(pid, "cmdline")


def _proc(pid: int, file: str) -> list[str]:
    try:
        return os.fsdecode(Path(f"/proc/{pid}/{file}").read_bytes()).removesuffix("\0").split("\0")
    except PermissionError as error:
        raise NotOurs(f"process {pid} is another user's: run this as the user that runs the platform") from error
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Ended(
            f"process {pid} has just ended: see by `make status` whether the platform runs, and run this again"
        ) from error
