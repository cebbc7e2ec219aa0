"""The three servers, each from its first source, started side by side."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_futures
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from elcorp_local.backing import docker, packages, postgres, rabbitmq, redis
from elcorp_local.backing.process import ServerProcess
from elcorp_local.ports import Ports, require_free

Say = Callable[[str], None]
Urls = dict[str, str]
Starter = Callable[[], tuple[Urls, Callable[[], None]]]


@dataclass
class Backing:
    """Where the backing services are. Stopping it stops only what it started; the data stays."""

    postgres_url: str
    rabbitmq_url: str
    rabbitmq_management_url: str
    redis_url: str
    _starters: dict[str, Starter] = field(default_factory=dict)
    _stops: dict[str, Callable[[], None]] = field(default_factory=dict)
    _starting: "dict[str, Future[None]]" = field(default_factory=dict)

    def start_server(self, name: str) -> None:
        """Start "postgres", "rabbitmq" or "redis" (again), on the same port and data."""
        urls, self._stops[name] = self._starters[name]()
        for url_name, url in urls.items():
            setattr(self, url_name, url)

    def stop_server(self, name: str) -> None:
        """Stop one server, as an outage would."""
        self._stops.pop(name)()

    def start(self, starters: dict[str, Starter]) -> None:
        """Begin to start servers, side by side; `wait` tells when they are up."""
        self._starters.update(starters)
        pool = ThreadPoolExecutor(max_workers=max(len(starters), 1))
        self._starting = {name: pool.submit(self.start_server, name) for name in starters}
        pool.shutdown(wait=False)

    def wait(self, *names: str, say: Say) -> None:
        """Wait for the named servers, for all without a name; when one fails, all are stopped again."""
        try:
            for name in names or tuple(self._starting):
                if starting := self._starting.pop(name, None):
                    starting.result()
                    say(f"{name} is up")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        wait_for_futures(self._starting.values())  # what still starts would outlive us
        self._starting.clear()
        stops = list(self._stops.values())
        self._stops.clear()
        with ThreadPoolExecutor(max_workers=max(len(stops), 1)) as pool:
            list(pool.map(lambda stop: stop(), stops))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


_PORTS = {
    "postgres": ("postgres",),
    "rabbitmq": ("rabbitmq", "rabbitmq_management", "rabbitmq_dist", "epmd"),
    "redis": ("redis",),
}


def start_backing(
    folder: Path,
    *,
    ports: Ports | None = None,
    say: Say = lambda _line: None,
    fast: bool = False,
    wait_for: tuple[str, ...] = (),
) -> Backing:
    """Start what the environment does not name, with data under `folder`, and wait for `wait_for` (for all by default).

    ELCORP_LOCAL_POSTGRES_URL (a superuser's), ELCORP_LOCAL_RABBITMQ_URL with ELCORP_LOCAL_RABBITMQ_MANAGEMENT_URL, and
    ELCORP_LOCAL_REDIS_URL name servers that run already. `ports` is None for free ones; `fast` trades durability for
    speed, for tests. Raises PortTaken or ServerFailed.
    """
    ports = ports or Ports.free()
    backing = Backing(_given("POSTGRES"), _given("RABBITMQ"), _given("RABBITMQ_MANAGEMENT"), _given("REDIS"))
    needed = [name for name in _PORTS if not getattr(backing, f"{name}_url")]
    start = {"postgres": postgres.start, "rabbitmq": rabbitmq.start, "redis": redis.start}
    if packages.provide(needed, say) == "docker":
        start = {"postgres": docker.postgres, "rabbitmq": docker.rabbitmq, "redis": docker.redis}
    folder.mkdir(parents=True, exist_ok=True)
    for name in needed:
        _stop_leftovers(folder, name)
        for port in _PORTS[name]:
            require_free(port, getattr(ports, port))
    for known in (rabbitmq.urls(ports) if "rabbitmq" in needed else {}, redis.urls(ports) if "redis" in needed else {}):
        for url_name, url in known.items():
            setattr(backing, url_name, url)
    backing.start({name: partial(start[name], folder, ports, fast=fast) for name in needed})
    backing.wait(*wait_for, say=say)
    return backing


def _given(name: str) -> str:
    return os.environ.get(f"ELCORP_LOCAL_{name}_URL", "")


def _stop_leftovers(folder: Path, name: str) -> None:
    """End what a killed runner left running, before its ports are found taken."""
    home = folder / name
    moved_to = home / "moved-to"
    ServerProcess(name, Path(moved_to.read_text()) if moved_to.exists() else home, []).stop_leftover()
