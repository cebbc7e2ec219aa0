"""PostgreSQL, RabbitMQ and Redis of a test run: started once, and shared by all workers."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pytest

from chassis.testing.backing import provider

START_SECONDS_MAX = 600
_NAMES = ("postgres_url", "rabbitmq_url", "rabbitmq_management_url", "redis_url")
_WORKER_INPUT = "elcorp_servers"


@dataclass(frozen=True, slots=True)
class Servers:
    """The URLs of this test session's servers; `lasting` servers continue after it."""

    postgres_url: str
    rabbitmq_url: str
    rabbitmq_management_url: str
    redis_url: str
    lasting: bool

    @classmethod
    def from_environment(cls) -> Self | None:
        """Read ELCORP_TEST_POSTGRES_URL and the other URLs, as `make backing` prints them; None unless all are set."""
        given = {name: os.environ.get(f"ELCORP_TEST_{name.upper()}") for name in _NAMES}
        return cls(**{name: url for name, url in given.items() if url}, lasting=True) if all(given.values()) else None


@contextmanager
def started(folder: Path) -> Iterator[Servers]:
    """Start private servers for the duration of the block, with their data in a folder."""
    with provider().start_servers(folder) as urls:
        yield Servers(**urls, lasting=False)


class SharedServers:
    """The controller's plugin: starts the servers once, and writes their URLs to a file.

    With `at_once` it starts them during the collection; otherwise when a worker has collected a test that needs them.
    """

    def __init__(self, *, at_once: bool) -> None:
        self._folder = TemporaryDirectory(prefix="elcorp-test-")
        self._files = _Files(Path(self._folder.name))
        self._at_once = at_once
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="servers")

    def pytest_sessionstart(self) -> None:
        self._thread.start()

    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_WORKER_INPUT] = self._folder.name

    def pytest_unconfigure(self) -> None:
        self._ending.set()
        if self._thread.ident:
            self._thread.join()
        self._folder.cleanup()

    def _run(self) -> None:
        while not (self._at_once or self._files.wanted.exists()):
            if self._ending.wait(0.05):
                return
        try:
            with started(self._files.folder) as servers:
                self._files.write(asdict(servers))
                self._ending.wait()
        except Exception as failure:
            self._files.write({"failure": str(failure)})
            raise


@dataclass(frozen=True, slots=True)
class _Files:
    """The files by which the controller and its workers communicate."""

    folder: Path

    @property
    def wanted(self) -> Path:
        return self.folder / "wanted"

    @property
    def servers(self) -> Path:
        return self.folder / "servers.json"

    def write(self, what: dict[str, Any]) -> None:
        whole = self.servers.with_suffix(".new")
        whole.write_text(json.dumps(what))
        whole.replace(self.servers)

    def wait(self) -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.servers.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the servers of this run did not start in {START_SECONDS_MAX} s")
            time.sleep(0.05)
        said: dict[str, Any] = json.loads(self.servers.read_text())
        return said


def ask_for_servers(config: pytest.Config) -> None:
    """Ask the controller to start the servers, if this process is a worker."""
    if files := _files_of(config):
        files.wanted.touch()


def shared_servers(config: pytest.Config) -> Servers | None:
    """Wait for the servers that the controller starts; return None if this process is not a worker."""
    files = _files_of(config)
    if files is None:
        return None
    files.wanted.touch()
    said = files.wait()
    if "failure" in said:
        raise RuntimeError(said["failure"])
    return Servers(**said)


def _files_of(config: pytest.Config) -> _Files | None:
    folder = getattr(config, "workerinput", {}).get(_WORKER_INPUT)
    return None if folder is None else _Files(Path(folder))
