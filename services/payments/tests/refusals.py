"""What a refusal leaves behind: nothing, but what it is meant to write."""

from typing import Final

import httpx

from chassis.persistence.database import Database
from chassis.testing import stored

# What compliance refuses is put on record, which goes by way of the outbox.
_RECORDED: Final = {"PAY_007": ("outbox",)}


def watch_refusals(client: httpx.AsyncClient, database: Database) -> None:
    """Fail when a write of this client that was refused has changed a row that it should not."""
    stored.watch_refusals(client, database, recorded=_RECORDED)
