"""Ends the processes of interrupted test runs: a worker that is killed during a test does not end what it started."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chassis.linux_processes import end_all

_MARK = "ELCORP_TEST_RUN"
_END_SECONDS_MAX = 10


class Leftovers:
    """The controller's plugin: marks all processes started in this run, and stops those that still run at its end."""

    def __init__(self) -> None:
        self._run = f"{os.getpid()}.{time.time_ns()}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        os.environ[_MARK] = self._run
        _end(_is_abandoned)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        os.environ.pop(_MARK, None)
        _end(lambda run: run == self._run)


def _end(is_meant: Callable[[str], bool]) -> None:
    """End the processes of the accepted runs."""
    own_namespace = Path("/proc/self/ns/pid").readlink()

    def belongs(entry: Path) -> bool:
        if (entry / "ns/pid").readlink() != own_namespace:
            return False  # of a container, where process ids differ
        marks = (each for each in (entry / "environ").read_bytes().split(b"\0") if each.startswith(f"{_MARK}=".encode()))
        return any(is_meant(mark.decode().partition("=")[2]) for mark in marks)

    end_all(belongs, signal.SIGTERM, seconds_max=_END_SECONDS_MAX)


def _is_abandoned(run: str) -> bool:
    """Return whether a run's controller, which would end its processes, was itself killed."""
    controller = run.partition(".")[0]
    return controller.isdecimal() and not Path("/proc", controller).exists()
