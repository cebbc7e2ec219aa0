"""A producer of audit facts: its database with outbox and journal, which a superuser may also damage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from chassis.audit_journal import JournalService
from chassis.messaging.contracts import Publications
from chassis.messaging.journal import Journal
from chassis.persistence import outbox
from chassis.persistence.database import Database
from chassis.persistence.outbox_message import OutboxMessage
from chassis.testing.databases import DatabaseUrls
from compliance.application.ports.completeness import JournalAway
from compliance.domain.completeness import JournalPage
from compliance.domain.entry import AuditEntry
from compliance.infrastructure.journals import OwnJournal
from compliance.interfaces.subscriptions import entry_of
from elcorp.compliance.v1 import events_pb2
from kernel.actor import Actor
from kernel.audit import AuditFact
from services.compliance.tests.entries import AT

PAYMENTS = Publications("payments", {})


@dataclass(frozen=True)
class Recorded:
    """A fact with its message."""

    message: OutboxMessage

    @property
    def fact(self) -> events_pb2.AuditFact:
        return events_pb2.AuditFactsRecorded.FromString(self.message.payload).facts[0]

    @property
    def entry(self) -> AuditEntry:
        return entry_of(self.fact, "payments")


class Producer:
    """Payments, as far as completeness is concerned. The connection is a superuser's, with autocommit."""

    def __init__(self, urls: DatabaseUrls, database: Database, connection: psycopg.AsyncConnection[Any]) -> None:
        self.urls = urls
        self.servicer = JournalService(database, "payments")
        self.is_away = False
        self._connection = connection
        self._journal = OwnJournal(self.servicer)
        self._count = 0

    def fact(self, **changes: Any) -> Recorded:
        """Make a fact, and record it nowhere."""
        self._count += 1
        made = {"action": "payments.test.change", "resource_type": "test", "resource_id": str(self._count), "occurred_at": AT}
        return Recorded(PAYMENTS.audit([(AuditFact(**{**made, **changes}), Actor.service("payments"))]))

    async def record(self, count: int = 1, **changes: Any) -> list[Recorded]:
        """Commit facts, each with a message of its own, as the unit of work does."""
        made = [self.fact(**changes) for _ in range(count)]
        statement = outbox.insert([each.message for each in made])
        await psycopg.AsyncRawCursor(self._connection).execute(statement.sql.encode(), statement.parameters)
        await self._connection.execute("NOTIFY outbox")
        return made

    async def number(self) -> None:
        """Number the journal, as the relay that leads does."""
        while await Journal(self._connection).number():
            pass

    async def send(self) -> None:
        """Let the broker confirm all messages."""
        await self._connection.execute("DELETE FROM outbox")

    async def page(self, *, after: int) -> JournalPage:
        if self.is_away:
            raise JournalAway(reason="away")
        return await self._journal.page(after=after)

    async def damage(self, *statements: str) -> None:
        """Change the database although its guards refuse it."""
        await self._connection.execute("SET session_replication_role = replica")
        for statement in statements:
            done = await self._connection.execute(statement)
            assert done.rowcount != 0, statement
        await self._connection.execute("RESET session_replication_role")

    async def unsent(self) -> int:
        """Count the messages that the broker has not confirmed."""
        return (await self.page(after=0)).unsent


def logged(*recorded: Recorded) -> Sequence[AuditEntry]:
    return [each.entry for each in recorded]
