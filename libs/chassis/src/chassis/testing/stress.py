"""Keeps the machine busy: a test that passes only on an idle machine is flaky."""

import os
import subprocess
import sys

# Ends with its parent, however the parent ends.
_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))\n"


class Stress:
    """Keeps every core busy during the whole session."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def pytest_sessionstart(self) -> None:
        for _ in range(os.cpu_count() or 1):
            self._processes.append(subprocess.Popen([sys.executable, "-c", _BUSY]))  # noqa: S603  # our own command

    def pytest_report_header(self) -> str:
        return f"stress: {os.cpu_count() or 1} busy processes run beside the tests"

    def pytest_unconfigure(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
