"""What waits in compliance's outbox."""

from google.protobuf.message import Message

from chassis.persistence.database import Database
from chassis.testing import stored
from compliance.interfaces.publications import PUBLICATIONS


async def published(database: Database) -> list[tuple[str | None, Message]]:
    """Return the outbox's messages with their aggregates, in order; audit facts without their ids, which are random."""
    return await stored.published(database, PUBLICATIONS)
