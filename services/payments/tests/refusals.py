"""A refused request changes no row, except those that it is meant to write."""

from typing import Final

import httpx

from chassis.persistence.database import Database
from chassis.testing import stored

# Refusals by compliance, and of malware, are recorded, by way of the outbox. Files that are judged with their payer's rows locked
# are stored before; if they are refused, collect_objects removes them.
_RECORDED: Final = {
    "PAY_007": ("outbox",),
    "VAL_006": ("outbox",),
    "PAY_016": ("objects",),
    "PAY_044": ("objects",),
    "AUTH_005": ("objects",),
    "ACC_001": ("objects",),
}


def watch_refusals(client: httpx.AsyncClient, database: Database) -> None:
    """Fail when a refused write of this client changed a row that it should not."""
    stored.watch_refusals(client, database, recorded=_RECORDED)
