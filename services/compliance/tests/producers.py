"""A producer of audit facts: its database with outbox and journal, which a superuser may also damage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from chassis.messaging.contracts import Publications
from chassis.persistence.outbox_message import OutboxMessage
from compliance.application.ports.completeness import JournalAway
from compliance.domain.completeness import JournalEntry, JournalPage, chain_of
from compliance.domain.entry import AuditEntry
from compliance.interfaces.subscriptions import digest_of, entry_of
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
    """Payments, as far as completeness is concerned; the connection is a superuser's, with autocommit."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.is_away = False
        self._connection = connection
        self._count = 0

    async def record(self, count: int = 1, **changes: Any) -> list[Recorded]:
        """Commit facts, each with its message and its row in the journal."""
        made = [self.fact(**changes) for _ in range(count)]
        async with self._connection.transaction(), self._connection.cursor() as cursor:
            for message in (each.message for each in made):
                await cursor.execute(
                    "INSERT INTO outbox (message_id, type, aggregate_id, payload, headers) VALUES (%s, %s, %s, %s, %s)",
                    (message.message_id, message.type, message.aggregate_id, message.payload, Jsonb(message.headers)),
                )
            await cursor.executemany(
                "INSERT INTO audit_journal (fact_id, digest) VALUES (%s, %s)",
                [(each.entry.fact_id, digest_of(each.fact)) for each in made],
            )
            await cursor.execute("NOTIFY outbox")
        return made

    async def number(self) -> None:
        """Number the journal, as the relay does."""
        number, chain = (
            await self._rows("SELECT number, chain FROM audit_journal_numbers ORDER BY number DESC LIMIT 1") or [(0, b"")]
        )[0]
        unnumbered = await self._rows(
            "SELECT position, fact_id, digest FROM audit_journal "
            "WHERE position NOT IN (SELECT position FROM audit_journal_numbers) ORDER BY position"
        )
        for position, fact_id, digest in unnumbered:
            number, chain = number + 1, chain_of(bytes(chain), fact_id, bytes(digest))
            await self._connection.execute("INSERT INTO audit_journal_numbers VALUES (%s, %s, %s)", (number, position, chain))

    async def page(self, *, after: int) -> JournalPage:
        if self.is_away:
            raise JournalAway(reason="away")
        rows = await self._rows(
            "SELECT number, fact_id, digest, chain FROM audit_journal_numbers LEFT JOIN audit_journal USING (position) "
            "WHERE number > %s ORDER BY number LIMIT 100",
            after,
        )
        entries = [JournalEntry(number, fact_id, digest or b"", chain) for number, fact_id, digest, chain in rows]
        [(last,)] = await self._rows("SELECT coalesce(max(number), 0) FROM audit_journal_numbers")
        chains = await self._rows("SELECT chain FROM audit_journal_numbers WHERE number = %s", after)
        [(unsent,)] = await self._rows("SELECT count(*) FROM outbox")
        return JournalPage(entries, last, chains[0][0] if chains else b"", unsent)

    async def damage(self, *statements: str) -> None:
        """Change the database although its guards refuse it."""
        await self._connection.execute("SET session_replication_role = replica")
        for statement in statements:
            done = await self._connection.execute(statement)
            assert done.rowcount != 0, statement
        await self._connection.execute("RESET session_replication_role")

    async def _rows(self, query: str, *parameters: object) -> list[Any]:
        return await (await self._connection.execute(query, parameters)).fetchall()

    def fact(self, **changes: Any) -> Recorded:
        self._count += 1
        made = {"action": "payments.test.change", "resource_type": "test", "resource_id": str(self._count), "occurred_at": AT}
        return Recorded(PAYMENTS.audit([(AuditFact(**{**made, **changes}), Actor.service("payments"))]))


def logged(*recorded: Recorded) -> Sequence[AuditEntry]:
    return [each.entry for each in recorded]
