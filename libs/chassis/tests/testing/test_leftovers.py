"""What an interrupted run leaves behind is ended with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from chassis.testing.leftovers import Leftovers


def start() -> "subprocess.Popen[bytes]":
    """Start a process that says when it runs, and then sleeps."""
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


def test_what_a_run_started_is_ended_and_what_another_did_is_not(stranger: "subprocess.Popen[bytes]") -> None:
    run = Leftovers()
    run.pytest_sessionstart()
    with start() as mine:
        run.pytest_unconfigure()
        assert mine.wait() == -signal.SIGTERM
    assert stranger.poll() is None
    assert "ELCORP_TEST_RUN" not in os.environ


def test_what_a_killed_run_left_is_ended_by_the_next(
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
