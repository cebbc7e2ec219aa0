"""The provider of the servers for tests, which a package registers with the entry point `elcorp.backing`.

This library starts no servers itself; `elcorp_local` registers this repository's provider.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

GROUP = "elcorp.backing"


class Provider(Protocol):
    def start_servers(
        self, folder: Path, *, tls: tuple[Path, Path, Path] | None = None
    ) -> AbstractContextManager[Mapping[str, str]]:
        """Start private servers for the duration of the block, with their data in a folder.

        Yields `postgres_url` (a superuser's), `rabbitmq_url`, `rabbitmq_management_url` and `redis_url`. With `tls` (PEM files: a
        certificate for 127.0.0.1, its key and its authority) the servers accept only TLS.
        """

    def install_program(self, name: str) -> None:
        """Install a program that tests start themselves, such as "pgbouncer", if this machine allows it."""


def provider() -> Provider:
    """Load the registered provider. Raises LookupError if none is installed."""
    registered = entry_points(group=GROUP)
    if not registered:
        raise LookupError(
            f"no provider of servers ({GROUP}): run `make sync`, or set ELCORP_TEST_POSTGRES_URL and the other URLs"
        )
    found: Provider = next(iter(registered)).load()
    return found
