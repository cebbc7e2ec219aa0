"""What an interrupted run leaves behind: workers that are killed in the middle of a test end nothing that they started."""

import os
import signal
import time
from pathlib import Path

import pytest

_MARK = "ELCORP_TEST_RUN"
_END_SECONDS_MAX = 10


class Leftovers:
    """The controller's part: marks everything that is started in this run, and at its end stops what still runs."""

    def __init__(self) -> None:
        self._run = f"{os.getpid()}.{time.time_ns()}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        os.environ[_MARK] = self._run

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        from elcorp_local import pids  # noqa: PLC0415  # only where tests start processes

        os.environ.pop(_MARK, None)
        mine = f"{_MARK}={self._run}".encode()

        def is_mine(entry: Path) -> bool:
            return mine in (entry / "environ").read_bytes().split(b"\0")

        pids.end_all(is_mine, signal.SIGTERM, seconds_max=_END_SECONDS_MAX)
