"""The ports of all processes. Each is a setting, and a port in use is reported before anything starts."""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from elcorp_local.failure import Failure

_LAST = 65535
_FIRST_FREE, _PLACES, _PORTS_A_PLACE = 10_000, 200, 100
_TCP_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
SERVICES = ("identity", "payments", "governance", "compliance")
# Each service has one of these.
_KINDS = ("rest", "grpc", "serve", "work", "jobs")
REPLICAS_MAX = 3
# From a port to the same port of the next replica.
_STEP = 10


class PortTaken(Failure):
    """A port that the platform needs is in use by another program."""


class PortInvalid(Failure):
    """A port's setting is not a port."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The process that owns a listening socket; empty if it is another user's."""

    pid: str = ""
    command: Sequence[str] = ()

    def is_run_by(self, *programs: str) -> bool:
        """Whether it is one of these programs, started directly or by its interpreter."""
        return any(Path(word).name in programs for word in self.command[:2])


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the backing services and the gateway, and the first ports of the services.

    Service number n listens at rest+n (REST), grpc+n, and for operators at serve+n, work+n and jobs+n. Several replicas listen
    `step` ports higher each, the first too; a load balancer listens at the gateway's own port and at rest+n.
    """

    gateway: int = 8000
    gateway_ops: int = 8001
    rest: int = 8101
    grpc: int = 9101
    work: int = 8201
    jobs: int = 8301
    serve: int = 8401
    postgres: int = 5433
    rabbitmq: int = 5673
    rabbitmq_management: int = 15674
    rabbitmq_dist: int = 25673
    epmd: int = 4370
    redis: int = 6380
    # Used when the servers get a certificate.
    rabbitmq_tls: int = 5674
    redis_tls: int = 6381
    replicas: int = field(default=1, kw_only=True)
    step: int = field(default=_STEP, kw_only=True)

    @classmethod
    def from_environment(cls, *, replicas: int = 1) -> Self:
        """Read ELCORP_LOCAL_<NAME>_PORT, with the defaults above. Raises PortInvalid."""
        given = {name: os.environ.get(setting(name)) for name in _names()}
        return cls(**{name: _parse(name, port, replicas) for name, port in given.items() if port}, replicas=replicas)

    @classmethod
    def free(cls, *, replicas: int = 1) -> Self:
        """Find free ports, for tests and benchmarks while a platform is running."""
        # A range for each, although most need only its first port.
        step = len(SERVICES)
        length = step * (replicas + 1 if replicas > 1 else 1)
        return cls(**{name: _search.next(length) for name in _names()}, replicas=replicas, step=step)

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the replicas; a single one has number 0, whose ports are the clients' own."""
        return range(1, self.replicas + 1) if self.replicas > 1 else (0,)

    def of(self, kind: str, service: str, number: int = 0) -> int:
        return self.at(kind, number) + SERVICES.index(service)

    def at(self, name: str, number: int = 0) -> int:
        """Return the first port of a name for the replica with this number."""
        first: int = getattr(self, name)
        return first + self.step * number

    def fronts(self) -> Mapping[int, Sequence[int]]:
        """Return the replicas' ports behind each port of clients; none if there is one replica."""
        if self.replicas == 1:
            return {}
        rest = {self.of("rest", service): [self.of("rest", service, number) for number in self.numbers] for service in SERVICES}
        return {self.gateway: [self.at("gateway", number) for number in self.numbers], **rest}

    def backing(self) -> Iterator[tuple[str, int]]:
        for name in ("postgres", "rabbitmq", "rabbitmq_management", "rabbitmq_dist", "epmd", "redis"):
            yield name, getattr(self, name)

    def platform(self) -> Iterator[tuple[str, int]]:
        for number in self.numbers:
            yield "gateway", self.at("gateway", number)
            yield "gateway_ops", self.at("gateway_ops", number)
            for kind in _KINDS:
                for service in SERVICES:
                    yield kind, self.of(kind, service, number)
        for port in self.fronts():
            yield "gateway" if port == self.gateway else "rest", port


def setting(name: str) -> str:
    return f"ELCORP_LOCAL_{name.upper()}_PORT"


def require_free(name: str, port: int) -> None:
    """Raise PortTaken, which names the port, its owner and the setting for another port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(f"port {port} ({name}) is taken{listener(port)}; free it or set {setting(name)}") from error


def _names() -> Sequence[str]:
    return [each.name for each in fields(Ports) if not each.kw_only]


def _parse(name: str, given: str, replicas: int) -> int:
    last = _LAST - (len(SERVICES) if name in _KINDS else 0) - (_STEP * replicas if replicas > 1 else 0)
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= last:
        raise PortInvalid(f"{setting(name)} must be a port from 1 to {last}, not {given!r}")
    return int(given)


def listener(port: int) -> str:
    """Describe the process that listens on a port, " by process 12 (…)"; "" if /proc does not show it."""
    known = [found for found in listening(port) if found.command]
    return f" by process {known[0].pid} ({' '.join(known[0].command).strip()[:80]})" if known else ""


def listening(port: int) -> list[Listening]:
    """Return the owner of each socket that listens on a port, on any address; none if /proc does not show sockets."""
    try:
        tables = [table.read_text().splitlines()[1:] for table in _TCP_TABLES if table.exists()]
    except OSError:
        return []
    rows = [line.split() for table in tables for line in table]
    return [_owner(row[9]) for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]


def _owner(inode: str) -> Listening:
    for process in Path("/proc").glob("[0-9]*"):
        if _owns(process, inode):
            # The process may end meanwhile.
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_text(errors="replace").removesuffix("\0").split("\0")
                return Listening(process.name, command)
    return Listening()


def _owns(process: Path, inode: str) -> bool:
    try:
        return any(str(descriptor.readlink()) == f"socket:[{inode}]" for descriptor in (process / "fd").iterdir())
    except OSError:
        return False


class _Search:
    """Finds separate ranges of adjacent free ports.

    They are below the ephemeral range, or an outgoing connection could take one before the server does. Each process starts the
    search at a different port, or two processes that start at the same time would find the same ranges.
    """

    def __init__(self) -> None:
        self._offset = os.getpid() * 79 % _PLACES * _PORTS_A_PLACE

    def next(self, length: int) -> int:
        """Return the first port of the next range."""
        while True:
            first = _FIRST_FREE + self._offset % (_PLACES * _PORTS_A_PLACE)
            self._offset += length
            if all(_is_free(port) for port in range(first, first + length)):
                return first


def _is_free(port: int) -> bool:
    try:
        require_free("probe", port)
    except PortTaken:
        return False
    return True


_search = _Search()
