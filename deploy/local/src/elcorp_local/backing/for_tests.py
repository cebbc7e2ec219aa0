"""The servers of a test run; chassis.testing finds this module by the entry point `elcorp.backing`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from elcorp_local.backing import packages
from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.servers import start_backing

_URLS = ("postgres_url", "rabbitmq_url", "rabbitmq_management_url", "redis_url")


@contextmanager
def start_servers(folder: Path, *, tls: tuple[Path, Path, Path] | None = None) -> Iterator[Mapping[str, str]]:
    """Start private servers for the duration of the block, and yield their URLs."""
    certificates = ServerCertificates(*tls, tls_only=True) if tls else None
    with start_backing(folder, fast=True, certificates=certificates) as backing:
        yield {name: getattr(backing, name) for name in _URLS}


def install_program(name: str) -> None:
    """Install the distribution's package of a server, as root on Debian or Ubuntu; nothing elsewhere."""
    if packages.are_possible():
        packages.install([name], lambda _line: None)
