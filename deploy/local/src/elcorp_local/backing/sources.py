"""Where each server comes from: the machine's programs, the distribution's packages, a Docker engine, in that order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from elcorp_local.backing import docker, packages, postgres, rabbitmq, redis
from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.process import Server
from elcorp_local.failure import Failure
from elcorp_local.port_numbers import Ports

Say = Callable[[str], None]


class NoSource(Failure):
    """No source can provide a server here; the message says what would help."""


class Start(Protocol):
    def __call__(self, folder: Path, ports: Ports, *, fast: bool, certificates: ServerCertificates | None = None) -> Server: ...


@dataclass(frozen=True, slots=True)
class Source:
    """How to start one server, and how to end the leftovers of a killed runner."""

    start: Start
    stop_leftover: Callable[[Path], None]


_PROGRAMS: dict[str, Callable[[], object]] = {
    "postgres": postgres.binaries,
    "rabbitmq": rabbitmq.program,
    "redis": redis.program,
}
_PRIVATE = {
    "postgres": Source(postgres.start, postgres.stop_leftover),
    "rabbitmq": Source(rabbitmq.start, rabbitmq.stop_leftover),
    "redis": Source(redis.start, redis.stop_leftover),
}
_CONTAINERS = {
    "postgres": Source(docker.postgres, partial(docker.stop_leftover, name="postgres")),
    "rabbitmq": Source(docker.rabbitmq, partial(docker.stop_leftover, name="rabbitmq")),
    "redis": Source(docker.redis, partial(docker.stop_leftover, name="redis")),
}


def choose(needed: Sequence[str], say: Say) -> Mapping[str, Source]:
    """Find the first source that works for each server; installs packages if that is the source.

    Raises NoSource, with what to do, when there is none.
    """
    missing, why = _missing(needed), ""
    if missing and packages.are_possible():
        try:
            packages.install(missing, say)
            missing = _missing(needed)
        except packages.InstallFailed as failure:
            why = f"\n{failure}"
    if not missing:
        return {name: _PRIVATE[name] for name in needed}
    if docker.is_reachable():
        say(f"{' and '.join(missing)} from containers (images are pulled the first time)")
        return {name: _CONTAINERS[name] if name in missing else _PRIVATE[name] for name in needed}
    raise NoSource(
        f"cannot provide {', '.join(missing)}: install {packages.names(missing)}, or run as root on Debian or Ubuntu, "
        f"or start a Docker engine, or set {', '.join(f'ELCORP_LOCAL_{name.upper()}_URL' for name in missing)}{why}"
    )


def _missing(needed: Sequence[str]) -> list[str]:
    return [name for name in needed if not _PROGRAMS[name]()]
