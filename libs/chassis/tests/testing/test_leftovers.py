"""Processes left by an interrupted run are ended."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.linux_processes import started_at
from chassis.testing.leftovers import Leftovers
from chassis.testing.running import eventually


def start() -> "subprocess.Popen[bytes]":
    """Start a process that reports when it runs, and then sleeps."""
    process = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    return process


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of another run."""
    monkeypatch.setenv("ELCORP_TEST_RUN", "another")
    with start() as process:
        yield process
        process.kill()


def test_a_runs_processes_are_ended_and_another_runs_are_not(stranger: "subprocess.Popen[bytes]") -> None:
    run = Leftovers()
    run.pytest_sessionstart()
    with start() as mine:
        run.pytest_unconfigure()
        assert mine.wait() == -signal.SIGTERM
    assert stranger.poll() is None
    assert "ELCORP_TEST_RUN" not in os.environ


LEAVES_A_PROCESS = """
import subprocess, sys, time
from pathlib import Path

def test_long():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    Path(__file__).with_name("pid").write_text(str(process.pid) + ".")
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["INT", "TERM", "HUP"])
async def test_a_run_that_is_asked_to_end_ends_its_processes(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "test_long.py").write_text(LEAVES_A_PROCESS)
    options = ("-c", os.devnull, f"--rootdir={tmp_path}", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto")
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-n", "0", *options, str(tmp_path), stdout=asyncio.subprocess.DEVNULL
    )
    noted = tmp_path / "pid"
    await eventually(lambda: noted.exists() and noted.read_text().endswith("."))
    run.send_signal(number)
    assert await run.wait() == pytest.ExitCode.INTERRUPTED
    assert started_at(int(noted.read_text().removesuffix("."))) == ""


def test_the_next_run_ends_the_processes_of_a_killed_one(
    monkeypatch: pytest.MonkeyPatch, stranger: "subprocess.Popen[bytes]"
) -> None:
    with start() as gone:
        gone.kill()
    monkeypatch.setenv("ELCORP_TEST_RUN", f"{gone.pid}.1")
    with start() as left:
        monkeypatch.setenv("ELCORP_TEST_RUN", f"{os.getpid()}.1")
        with start() as at_work:
            run = Leftovers()
            run.pytest_sessionstart()
            assert left.wait() == -signal.SIGTERM
            assert (at_work.poll(), stranger.poll()) == (None, None)
            at_work.kill()
    run.pytest_unconfigure()
