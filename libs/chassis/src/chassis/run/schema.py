"""Waits at start-up for the database, and for the schema that this release expects."""

import asyncio
from typing import Any

from chassis.persistence.database import Database
from chassis.persistence.pooled_sessions import require_session
from chassis.persistence.schema_version import at_head
from chassis.run.service import Service
from chassis.settings import ServiceSettings
from chassis.waiting import wait_until_ready


async def wait_for_schema(service: Service[Any], settings: ServiceSettings, stop: asyncio.Event) -> None:
    """Wait for the database, then for its migrations, and check the settings that depend on its contents.

    Raises StoppedWaiting, UnlimitedSession or SettingRefused.
    """
    database = Database.of(settings, pool_size=1)
    try:
        await wait_until_ready("the database", database.ping, stop)
        if settings.database_pooled:
            await require_session(database)
        await wait_until_ready(
            f"the database schema (python -m {service.name} migrate)", lambda: at_head(database, service.migrations), stop
        )
        await service.check(settings, database)
    finally:
        await database.close()
