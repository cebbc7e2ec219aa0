"""The `migrate` process."""

import asyncio
from typing import Any

from chassis.persistence import migrations
from chassis.persistence.database import Database
from chassis.run.service import Service
from chassis.settings import ServiceSettings
from chassis.telemetry import log
from chassis.waiting import wait_until_ready


async def migrate(service: Service[Any], settings: ServiceSettings, stop: asyncio.Event) -> bool:
    """Wait for the database, then upgrade its schema to head as the owner role."""
    url = settings.database_owner_url.get_secret_value()
    database = Database.connect(url, pool_size=1)
    try:
        await wait_until_ready("the database", database.ping, stop)
    finally:
        await database.close()
    await asyncio.to_thread(migrations.upgrade, url, service.migrations, say=lambda line: log.info("migrated", result=line))
    return True
