"""The three servers, each from its first source, started side by side."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

    def start_server(self, name: str) -> None:
        """Start "postgres", "rabbitmq" or "redis" (again), on the same port and data."""
        urls, self._stops[name] = self._starters[name]()
        for url_name, url in urls.items():
            setattr(self, url_name, url)

    def stop_server(self, name: str) -> None:
        """Stop one server, as an outage would."""
        self._stops.pop(name)()

    def start(self, starters: dict[str, Starter], say: Say) -> None:
        """Start servers side by side; when one fails, the others are stopped again."""
        self._starters.update(starters)
        with ThreadPoolExecutor(max_workers=max(len(starters), 1)) as pool:
            started = {name: pool.submit(self.start_server, name) for name in starters}
        try:
            for name, future in started.items():
                future.result()
                say(f"{name} is up")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
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


def start_backing(folder: Path, *, ports: Ports | None = None, say: Say = lambda _line: None, fast: bool = False) -> Backing:
    """Start what the environment does not name, with data under `folder`.

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
    backing.start({name: partial(start[name], folder, ports, fast=fast) for name in needed}, say)
    return backing


def _given(name: str) -> str:
    return os.environ.get(f"ELCORP_LOCAL_{name}_URL", "")


def _stop_leftovers(folder: Path, name: str) -> None:
    """End what a killed runner left running, before its ports are found taken."""
    home = folder / name
    moved_to = home / "moved-to"
    ServerProcess(name, Path(moved_to.read_text()) if moved_to.exists() else home, []).stop_leftover()
