"""Nothing starts before its database answers and holds the schema that this release expects."""

import asyncio
from typing import Any

from chassis.database import Database
from chassis.pooled import require_session
from chassis.run.service import Service
from chassis.run.waiting import wait_for
from chassis.schema import at_head
from chassis.settings import ServiceSettings


async def wait_for_schema(service: Service[Any], settings: ServiceSettings, stop: asyncio.Event) -> None:
    """Wait for the database, then for its migrations; raises StoppedWaiting, ValueError without a URL, or UnlimitedSession."""
    if not settings.database_url.get_secret_value():
        raise ValueError("ELCORP_DATABASE_URL is not set")
    database = Database.of(settings, pool_size=1)
    try:
        await wait_for("the database", database.ping, stop)
        if settings.database_pooled:
            await require_session(database)
        await wait_for(
            f"the database schema (python -m {service.name} migrate)", lambda: at_head(database, service.migrations), stop
        )
    finally:
        await database.close()
