"""Events in any order, repeated, late, with fills and rounds between them: the copy ends as the producer's rows."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.projections.copied_rows import CopiedRow
from chassis.testing.machines import run_machine
from kernel.ids import new_id
from libs.chassis.tests.projections.people import People, another_process

PEOPLE = st.integers(min_value=0, max_value=3)
STATUSES = st.sampled_from(["active", "suspended", "closed"])


@dataclass
class Ground:
    database: Database
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=300)


class CopyMachine(RuleBasedStateMachine):
    """`sent` are the events of all changes; any of them may arrive at any time, more than once, or never."""

    ground: ClassVar[Ground]

    @initialize()
    def begin(self) -> None:
        self.people = People.of(self.ground.database, limit=2)
        self.ids: list[UUID] = [new_id() for _ in range(4)]
        self.sent: list[CopiedRow] = []
        self.ground.run(self._empty())

    async def _empty(self) -> None:
        async with self.ground.database.engine.begin() as connection:
            for table in ("people", "copied_people", "projections"):
                await connection.execute(text(f"DELETE FROM {table}"))

    @rule(person=PEOPLE, status=STATUSES)
    def change(self, person: int, status: str) -> None:
        self.sent.append(self.ground.run(self.people.change(self.ids[person], status)))

    @rule(which=st.integers(min_value=0, max_value=50))
    def deliver(self, which: int) -> None:
        if self.sent:
            self.ground.run(self.people.deliver(self.sent[which % len(self.sent)]))

    @rule(person=PEOPLE, status=STATUSES, which=st.integers(min_value=0, max_value=50), dies=st.booleans())
    def complete_while_it_goes_on(self, person: int, status: str, which: int, *, dies: bool) -> None:
        async def meanwhile(page: int) -> None:
            self.people.feed.before_answer = None
            self.sent.append(await self.people.change(self.ids[person], status))
            await self.people.deliver(self.sent[which % len(self.sent)])
            if dies:
                raise RuntimeError(f"killed at page {page}")

        self.people.feed.before_answer = meanwhile
        self.ground.run(self._complete())

    async def _complete(self) -> None:
        try:
            await self.people.projection.complete()
        except RuntimeError:
            # As at the end of its lease.
            await self.people.projection.leave()
            self.people.projection = another_process(self.ground.database, self.people.feed)

    @rule()
    def fill_again(self) -> None:
        self.ground.run(self.people.projection.state.fill_again())

    @invariant()
    def no_row_is_ahead(self) -> None:
        self.ground.run(self._compare(at_the_end=False))

    def teardown(self) -> None:
        if hasattr(self, "people"):
            self.people.feed.before_answer = None
            self.ground.run(self._end())

    async def _end(self) -> None:
        await self.people.projection.complete()
        await self._compare(at_the_end=True)
        for row in self.sent:
            await self.people.deliver(row)
        await self._compare(at_the_end=True)

    async def _compare(self, *, at_the_end: bool) -> None:
        produced, copied = await self.people.produced(), await self.people.copied()
        if at_the_end:
            assert copied == produced
        statuses = {(row.key, row.version): row.values["status"] for row in self.sent}
        assert all(statuses[key, version] == status for key, (status, version) in copied.items())


async def test_any_order_gives_the_producers_rows(database: Database) -> None:
    CopyMachine.ground = Ground(database, asyncio.get_running_loop())
    await asyncio.to_thread(run_machine, CopyMachine, examples=15, steps=15)
