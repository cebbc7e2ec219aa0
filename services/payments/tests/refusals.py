"""A refused request changes no row, except those that it is meant to write."""

from typing import Final

import httpx

from chassis.persistence.database import Database
from chassis.testing import stored

# Refusals by compliance are recorded, by way of the outbox.
_RECORDED: Final = {"PAY_007": ("outbox",)}


def watch_refusals(client: httpx.AsyncClient, database: Database) -> None:
    """Fail when a refused write of this client changed a row that it should not."""
    stored.watch_refusals(client, database, recorded=_RECORDED)
