"""The messages that identity sent, unsealed, oldest first."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.persistence.database import Database
from identity.application.messages.views import MessageContent
from services.identity.tests.stored import views_of


async def mail(database: Database) -> Sequence[MessageContent]:
    async with database.read() as connection:
        ids = (await connection.execute(text("SELECT id FROM messages ORDER BY queued_at, id"))).scalars().all()
    messages = views_of(database).messages
    contents = [await messages.waiting_message(message_id) for message_id in ids]
    return [content for content in contents if content]


async def sent(database: Database) -> list[str]:
    """Return the templates of all messages, oldest first."""
    async with database.read() as connection:
        return list((await connection.execute(text("SELECT template FROM messages ORDER BY queued_at, id"))).scalars())
