"""A small service whose routes store their responses."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

import httpx
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.rest import RequestModel
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.ids import new_id

_MAKE_ONCE = text("INSERT INTO things VALUES (:id, :name) ON CONFLICT DO NOTHING RETURNING id")


class ThingRequest(RequestModel):
    name: str
    note: str = ""


class Things:
    """A small service. `gate` blocks an endpoint in its transaction; `misfortune` names the point at which it fails."""

    def __init__(self, uow: SqlUnitOfWork[SqlTransaction], database: Database) -> None:
        self.uow = uow
        self.database = database
        # The number of committed things when the work after each commit ran.
        self.followed: list[int] = []
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.misfortune: dict[str, Exception] = {}
        self.calls = 0

    def befall(self, point: str) -> None:
        if point in self.misfortune:
            raise self.misfortune[point]

    async def follow(self) -> None:
        self.followed.append(await count(self.database))

    async def make(self, actor: Actor, name: str) -> UUID:
        self.calls += 1
        self.befall("before")
        async with self.uow.begin(actor) as tx:
            thing_id = new_id()
            await tx.session.execute(text("INSERT INTO things VALUES (:id, :name)"), {"id": thing_id, "name": name})
            tx.record(_made(thing_id))
            tx.after_commit(self.follow)
            self.entered.set()
            await self.gate.wait()
            self.befall("within")
        self.befall("after")
        return thing_id

    async def make_once(self, actor: Actor, name: str, *, point: str) -> UUID:
        """Make the thing of this name, or find it: a step that may be repeated."""
        thing_id = uuid5(NAMESPACE_URL, name)
        self.befall(f"before {point}")
        async with self.uow.begin(actor) as tx:
            made = await tx.session.scalar(_MAKE_ONCE, {"id": thing_id, "name": name})
            if made:
                tx.record(_made(thing_id))
            else:
                tx.recorded_otherwise = True
            if point == "second":
                self.entered.set()
                await self.gate.wait()
            self.befall(point)
        return thing_id


def _made(thing_id: UUID) -> AuditFact:
    return AuditFact(action="things.thing.make", resource_type="thing", resource_id=str(thing_id), occurred_at=datetime.now(UTC))


class Post(Protocol):
    async def __call__(
        self, body: object = None, *, key: str | None = "key-1", path: str = "", bearer: str | None = "…"
    ) -> httpx.Response: ...


async def count(database: Database, table: str = "things") -> int:
    async with database.read() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())
