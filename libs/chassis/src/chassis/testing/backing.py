"""The provider of the servers that tests run on, which a package registers by the entry point `elcorp.backing`.

This library starts no server by itself; `elcorp_local` registers the provider of this repository.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

GROUP = "elcorp.backing"


class Provider(Protocol):
    def start_servers(self, folder: Path) -> AbstractContextManager[Mapping[str, str]]:
        """Start private servers for the length of the block, with their data in a folder.

        Gives `postgres_url` (a superuser's), `rabbitmq_url`, `rabbitmq_management_url` and `redis_url`.
        """

    def install_program(self, name: str) -> None:
        """Install a program that tests start themselves, such as "pgbouncer", where this machine allows it."""


def provider() -> Provider:
    """Load the registered provider. Raises LookupError where none is installed."""
    registered = entry_points(group=GROUP)
    if not registered:
        raise LookupError(f"no provider of servers ({GROUP}): run `make sync`, or set ELCORP_TEST_POSTGRES_URL and its siblings")
    found: Provider = next(iter(registered)).load()
    return found
