"""The scope of a transaction: the organization whose rows it reads and writes, which row-level security holds.

A table of organizations (`migrations.scoped`) shows the runtime role only the rows of the transaction's organization, and none
without a scope. The platform's own work, such as consumers, jobs and answers to peers, concerns all organizations: it runs in the
scope PLATFORM, which only a service's bootstrap and wiring give.
"""

from enum import Enum
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


class PlatformScope(Enum):
    PLATFORM = "platform"


PLATFORM: Final = PlatformScope.PLATFORM
# The organization that the transaction acts for; None for a person alone, who reads and writes no organization's rows.
Scope = UUID | PlatformScope | None

PARAMETER: Final = "elcorp.scope"
# Until the end of the transaction: the next one on the connection has its own.
SET: Final = f"SELECT set_config('{PARAMETER}', $1, true)"
_SET: Final = text(SET.replace("$1", ":scope"))
# In the `info` of a session: the pipeline sends the statement, with its first ones.
_LEFT_TO_PIPELINE: Final = "elcorp.scope_left"


def scope_text(scope: UUID | PlatformScope) -> str:
    """Return a scope as the value of PARAMETER."""
    return scope.value if isinstance(scope, PlatformScope) else str(scope)


async def enter(connection: AsyncConnection, scope: UUID | PlatformScope) -> None:
    """Set the scope of the transaction in progress on a connection."""
    await connection.execute(_SET, {"scope": scope_text(scope)})


def enter_each(session: AsyncSession, scope: UUID | PlatformScope) -> None:
    """Set the scope of every transaction that a session begins."""

    def on_begin(_session: object, _transaction: object, connection: Connection) -> None:
        if session.info.get(_LEFT_TO_PIPELINE, False) is None:
            session.info[_LEFT_TO_PIPELINE] = scope_text(scope)
        else:
            connection.execute(_SET, {"scope": scope_text(scope)})

    event.listen(session.sync_session, "after_begin", on_begin)


async def begin_for_pipeline(session: AsyncSession) -> tuple[AsyncConnection, str | None]:
    """Return a session's connection, and the scope that its caller must set: None if there is none, or it is set already.

    A statement that the caller sends with others saves a round trip.
    """
    session.info[_LEFT_TO_PIPELINE] = None
    try:
        connection = await session.connection()
    finally:
        left = session.info.pop(_LEFT_TO_PIPELINE)
    return connection, left
