"""A service whose jobs paint walls, and helpers for its tests."""

import asyncio
from typing import ClassVar

import psycopg
from procrastinate import Blueprint

from chassis.jobs import make_jobs
from chassis.settings import ServiceSettings
from chassis.testing.databases import DatabaseUrls


class PainterSettings(ServiceSettings):
    NAME: ClassVar[str] = "painters"


class Painters:
    """A service's tasks, and a record of their runs."""

    def __init__(self, settings: PainterSettings) -> None:
        self.painted: list[str] = []
        self.held: list[str] = []
        self.go_on = asyncio.Event()
        self.blueprint = Blueprint()

        @self.blueprint.task(name="paint")
        async def paint(door: str) -> None:
            self.painted.append(door)

        @self.blueprint.task(name="hold")
        async def hold(door: str) -> None:
            self.held.append(door)
            await self.go_on.wait()

        @self.blueprint.task(name="break")
        async def break_it() -> None:
            raise RuntimeError("the brush broke for anna@example.na")

        @self.blueprint.task(name="wait")
        async def wait() -> None:
            if not self.go_on.is_set():
                raise RuntimeError("what it needs is away")

        self.paint, self.hold, self.break_it, self.wait = paint, hold, break_it, wait
        self.app = make_jobs(settings, [self.blueprint])


async def rows(urls: DatabaseUrls, query: str) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as connection:
        return await (await connection.execute(query)).fetchall()
