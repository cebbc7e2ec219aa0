"""People of a producer, and a copy of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.projections.copied_rows import CopiedRow, CopyTable
from chassis.projections.follower import Projection
from chassis.projections.served_feed import SqlFeed
from elcorp.identity.v1.events_pb2 import UserStatusChanged
from kernel.errors import Unavailable
from kernel.feeds import FeedPage
from kernel.ids import new_id

ROWS = CopyTable("copied_people", key="person_id", columns=("status",))
# Long enough that no test waits for it, and never reached by the time that a test takes.
SECONDS_MAX = 3600.0
_CHANGE = text(
    """
    INSERT INTO people (id, status, version) VALUES (:id, :status, 1)
    ON CONFLICT (id) DO UPDATE SET status = :status, version = people.version + 1 RETURNING version
    """
)


class PeopleFeed:
    """The producer's feed. `limit` rows per page; `asked` has the cursors. While `away`, it does not answer."""

    def __init__(self, database: Database, *, limit: int = 1000) -> None:
        self._feed = SqlFeed(database, "people", key="id", columns="status, version")
        self.limit = limit
        self.away = False
        self.asked: list[str] = []
        self.before_answer: Callable[[int], Any] | None = None

    async def page(self, cursor: str) -> FeedPage[CopiedRow]:
        self.asked.append(cursor)
        if self.away:
            raise Unavailable(dependency="people")
        page = await self._feed.page(cursor, limit=self.limit)
        if self.before_answer:
            await self.before_answer(len(self.asked))
        return page.map(lambda row: CopiedRow(row.feed_key, row.version, {"status": row.status}))


@dataclass
class People:
    database: Database
    feed: PeopleFeed
    projection: Projection

    @classmethod
    def of(cls, database: Database, *, limit: int = 1000) -> "People":
        feed = PeopleFeed(database, limit=limit)
        return cls(database, feed, another_process(database, feed))

    async def change(self, person: UUID, status: str) -> CopiedRow:
        """Change a person at the producer; return what its event says."""
        async with self.database.engine.begin() as connection:
            return await change_in(connection, person, status)

    async def add(self, count: int) -> list[UUID]:
        people = [new_id() for _ in range(count)]
        for person in people:
            await self.change(person, "active")
        return people

    async def deliver(self, row: CopiedRow) -> None:
        await self.projection.apply(delivery(), row)

    async def produced(self) -> dict[UUID, tuple[str, int]]:
        return await self._all("SELECT id, status, version FROM people")

    async def copied(self) -> dict[UUID, tuple[str, int]]:
        return await self._all("SELECT person_id, status, version FROM copied_people")

    async def _all(self, query: str) -> dict[UUID, tuple[str, int]]:
        async with self.database.read() as connection:
            return {row[0]: (row[1], row[2]) for row in await connection.execute(text(query))}


async def change_in(connection: AsyncConnection, person: UUID, status: str) -> CopiedRow:
    version = await connection.scalar(_CHANGE, {"id": person, "status": status})
    return CopiedRow(person, int(version or 0), {"status": status})


def another_process(database: Database, feed: PeopleFeed) -> Projection:
    return Projection(database, "people", ROWS, feed, seconds_max=SECONDS_MAX)


def delivery() -> Delivery[UserStatusChanged]:
    at = datetime(2026, 3, 21, 8, tzinfo=UTC)
    return Delivery(message_id=new_id(), type="people.changed", producer="people", occurred_at=at, message=UserStatusChanged())
