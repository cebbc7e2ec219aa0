"""The real unit of work: one that records what it committed, and one that is interrupted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Event
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS


class NotedTransaction(SqlPaymentsTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.announced: list[Event] = []

    def announce(self, event: Event, *, actor: Actor | None = None) -> None:
        self.announced.append(event)
        super().announce(event)


class NotedUnitOfWork:
    """`facts` and `events` contain those of committed transactions, in order."""

    def __init__(self, database: Database) -> None:
        self._uow = SqlUnitOfWork(database, NotedTransaction, PUBLICATIONS, service="payments")
        self.facts: list[AuditFact] = []
        self.events: list[Event] = []

    @asynccontextmanager
    async def begin(self, actor: Actor, *, audited: bool = True) -> AsyncIterator[NotedTransaction]:
        async with self._uow.begin(actor, audited=audited) as tx:
            yield tx
        self.facts += [fact for fact, _ in tx.facts]
        self.events += tx.announced


class Meanwhile:
    """A unit of work in which another change happens once, before its second transaction starts."""

    def __init__(self, uow: Any, happens: Callable[[], Awaitable[object]]) -> None:
        self._uow, self._happens, self._begun = uow, happens, 0

    @asynccontextmanager
    async def begin(self, actor: Actor, *, audited: bool = True) -> AsyncIterator[Any]:
        self._begun += 1
        if self._begun == 2:
            await self._happens()
        async with self._uow.begin(actor, audited=audited) as tx:
            yield tx
