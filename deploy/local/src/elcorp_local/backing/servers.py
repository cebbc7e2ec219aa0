"""The three servers, each from its first source, started in parallel."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_futures
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from elcorp_local.backing import rabbitmq, redis, sources
from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.process import Server, ServerFailed
from elcorp_local.locks import FolderLock
from elcorp_local.port_numbers import Ports, require_free
from elcorp_local.restarts import PER_MINUTE_MAX, Restarts

Say = Callable[[str], None]
Starter = Callable[[], Server]


@dataclass
class Backing:
    """Where the backing services are. Stopping it stops only what it started; the data stays."""

    postgres_url: str
    rabbitmq_url: str
    rabbitmq_management_url: str
    redis_url: str
    # Set if they have certificates; PostgreSQL accepts TLS on the port of its URL.
    rabbitmq_tls_url: str = ""
    redis_tls_url: str = ""
    gave_up: threading.Event = field(default_factory=threading.Event)
    _lock: FolderLock | None = None
    _starters: dict[str, Starter] = field(default_factory=dict)
    _running: dict[str, Server] = field(default_factory=dict)
    _starting: "dict[str, Future[None]]" = field(default_factory=dict)
    _changing: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start_server(self, name: str) -> None:
        """Start "postgres", "rabbitmq" or "redis" (again), on the same port and data."""
        server = self._starters[name]()
        for url_name, url in server.urls.items():
            setattr(self, url_name, url)
        self._running[name] = server

    def stop_server(self, name: str) -> None:
        """Stop one server, as an outage would."""
        with self._changing:
            self._running.pop(name).stop()

    def start(self, starters: dict[str, Starter]) -> None:
        """Start servers in parallel; `wait` returns when they are ready."""
        self._starters.update(starters)
        pool, known = ThreadPoolExecutor(max_workers=max(len(starters), 1)), threading.Event()
        try:
            self._starting = {name: pool.submit(self._start_once, known, name) for name in starters}
        except BaseException:
            self._stopping.set()
            raise
        finally:
            known.set()
        pool.shutdown(wait=False)

    def _start_once(self, known: threading.Event, name: str) -> None:
        # An interrupt may come before `stop` knows what is being started: it would not be stopped.
        known.wait()
        if not self._stopping.is_set():
            self.start_server(name)

    def wait(self, *names: str, say: Say) -> None:
        """Wait for the named servers, or for all without a name. If one fails, stop all."""
        try:
            for name in names or tuple(self._starting):
                if starting := self._starting.get(name):
                    starting.result()
                    del self._starting[name]
                    say(f"{name} is up")
        except BaseException:
            self.stop()
            raise

    def watch(self, say: Say) -> None:
        """From now on restart servers that end by themselves; give up on one that keeps dying, and report it."""
        threading.Thread(target=self._watch, args=(say,), name="backing", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        wait_for_futures(self._starting.values())  # servers that are still starting would outlive us
        self._starting.clear()
        with self._changing, ThreadPoolExecutor(max_workers=max(len(self._running), 1)) as pool:
            list(pool.map(lambda server: server.stop(), self._running.values()))
            self._running.clear()
        if self._lock:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _watch(self, say: Say) -> None:
        restarts = {name: Restarts() for name in self._starters}
        while not self._stopping.wait(0.5) and not self.gave_up.is_set():
            with self._changing:
                for name, server in list(self._running.items()):
                    if not server.is_running() and not self._stopping.is_set():
                        self._revive(name, restarts[name], say)

    def _revive(self, name: str, restarts: Restarts, say: Say) -> None:
        if restarts.take_due():
            try:
                self.start_server(name)
                say(f"{name} is up again")
            except (ServerFailed, OSError) as failure:
                say(str(failure))
        elif not restarts.is_planned():
            if restarts.died():
                say(f"{name} ended by itself, restarting")
            else:
                say(f"{name} ended more than {PER_MINUTE_MAX} times in a minute; giving up")
                self.gave_up.set()


_PORTS = {
    "postgres": ("postgres",),
    "rabbitmq": ("rabbitmq", "rabbitmq_management", "rabbitmq_dist", "epmd"),
    "redis": ("redis",),
}
_TLS_PORTS = {"rabbitmq": ("rabbitmq_tls",), "redis": ("redis_tls",)}


def start_backing(
    folder: Path,
    *,
    ports: Ports | None = None,
    say: Say = lambda _line: None,
    fast: bool = False,
    wait_for: tuple[str, ...] = (),
    certificates: ServerCertificates | None = None,
) -> Backing:
    """Start the servers that the environment does not name, with data under `folder`, and wait for `wait_for` (default: all).

    ELCORP_LOCAL_POSTGRES_URL (a superuser's), ELCORP_LOCAL_RABBITMQ_URL with ELCORP_LOCAL_RABBITMQ_MANAGEMENT_URL, and
    ELCORP_LOCAL_REDIS_URL name running servers. `ports` is None for free ones; `fast` trades durability for speed, for tests.
    Raises PortTaken, InUse (another runner has this folder), NoSource or ServerFailed.

    With `certificates` all three are started here, whatever the environment names, and accept TLS too: RabbitMQ at
    `rabbitmq_tls_url` (amqps), Redis at `redis_tls_url` (rediss), PostgreSQL at `postgres_url` with `sslmode=verify-full` and
    `sslrootcert`. With `certificates.tls_only` no server accepts plain connections, and `rabbitmq_url` and `redis_url` are the
    TLS URLs.
    """
    ports = ports or Ports.free()
    lock = FolderLock(folder / "backing.lock")
    given = _url_from_environment if certificates is None else lambda _name: ""
    backing = Backing(given("POSTGRES"), given("RABBITMQ"), given("RABBITMQ_MANAGEMENT"), given("REDIS"), _lock=lock)
    needed = [name for name in _PORTS if not getattr(backing, f"{name}_url")]
    try:
        chosen = sources.choose(needed, say)
        for name in needed:
            chosen[name].stop_leftover(folder)
            for port in (*_PORTS[name], *(_TLS_PORTS.get(name, ()) if certificates else ())):
                require_free(port, getattr(ports, port))
        for name, urls in (("rabbitmq", rabbitmq.urls), ("redis", redis.urls)):
            for url_name, url in urls(ports, certificates).items() if name in needed else ():
                setattr(backing, url_name, url)
        start = partial(_start, folder=folder, ports=ports, fast=fast, certificates=certificates)
        backing.start({name: partial(start, chosen[name]) for name in needed})
        backing.wait(*wait_for, say=say)
    except BaseException:
        backing.stop()
        raise
    return backing


def _start(source: sources.Source, folder: Path, ports: Ports, *, fast: bool, certificates: ServerCertificates | None) -> Server:
    # Also before a later start, because a server that died may have left child processes.
    source.stop_leftover(folder)
    return source.start(folder, ports, fast=fast, certificates=certificates)


def _url_from_environment(name: str) -> str:
    return os.environ.get(f"ELCORP_LOCAL_{name}_URL", "")
