"""The three servers, each from its first source, started side by side."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from elcorp_local.backing import docker, packages, postgres, rabbitmq, redis
from elcorp_local.backing.process import ServerProcess
from elcorp_local.ports import Ports, require_free

Say = Callable[[str], None]


@dataclass
class Backing:
    """Where the backing services are. Stopping it stops only what it started; the data stays."""

    postgres_url: str
    rabbitmq_url: str
    rabbitmq_management_url: str
    redis_url: str
    stops: list[Callable[[], None]] = field(default_factory=list)

    def stop(self) -> None:
        with ThreadPoolExecutor(max_workers=max(len(self.stops), 1)) as pool:
            list(pool.map(lambda stop: stop(), self.stops))
        self.stops.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def start_backing(folder: Path, *, ports: Ports | None = None, say: Say = lambda _line: None, fast: bool = False) -> Backing:
    """Start what the environment does not name, with data under `folder`.

    ELCORP_LOCAL_POSTGRES_URL (a superuser's), ELCORP_LOCAL_RABBITMQ_URL with ELCORP_LOCAL_RABBITMQ_MANAGEMENT_URL, and
    ELCORP_LOCAL_REDIS_URL name servers that run already. `ports` is None for free ones; `fast` trades durability for
    speed, for tests. Raises PortTaken or ServerFailed.
    """
    ports = ports or Ports.free()
    given = {
        name: os.environ.get(f"ELCORP_LOCAL_{name}_URL") for name in ("POSTGRES", "RABBITMQ", "RABBITMQ_MANAGEMENT", "REDIS")
    }
    needed = [name for name in ("POSTGRES", "RABBITMQ", "REDIS") if not given[name]]
    source = docker if packages.provide(needed, say) == "docker" else None
    starters = {
        "POSTGRES": (source.postgres if source else postgres.start, ("postgres",)),
        "RABBITMQ": (source.rabbitmq if source else rabbitmq.start, ("rabbitmq", "rabbitmq_management", "rabbitmq_dist", "epmd")),
        "REDIS": (source.redis if source else redis.start, ("redis",)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name in needed:
        _stop_leftovers(folder, name)
        for port in starters[name][1]:
            require_free(port, getattr(ports, port))
    backing = Backing(given["POSTGRES"] or "", given["RABBITMQ"] or "", given["RABBITMQ_MANAGEMENT"] or "", given["REDIS"] or "")
    with ThreadPoolExecutor(max_workers=3) as pool:
        started = {name: pool.submit(starters[name][0], folder, ports, fast=fast) for name in needed}
    # Every start has ended by now: what came up is stopped again when another did not.
    backing.stops = [future.result()[1] for future in started.values() if not future.exception()]
    try:
        for name, future in started.items():
            urls, _ = future.result()
            for url_name, url in urls.items():
                setattr(backing, url_name, url)
            say(f"{name.lower()} is up")
    except BaseException:
        backing.stop()
        raise
    return backing


def _stop_leftovers(folder: Path, name: str) -> None:
    """End what a killed runner left running, before its ports are found taken."""
    home = folder / name.lower()
    moved_to = home / "moved-to"
    ServerProcess(name.lower(), Path(moved_to.read_text()) if moved_to.exists() else home, []).stop_leftover()
