"""Audit facts, written to the outbox and the journal as services do."""

from itertools import accumulate
from uuid import UUID

from psycopg import AsyncConnection, AsyncRawCursor

from chassis.messaging.contracts import Publications
from chassis.messaging.fact_digest import chain_of
from chassis.persistence import outbox
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import SystemClock


async def write(connection: AsyncConnection, count: int = 1) -> list[UUID]:
    """Insert a message with facts as services do; return their ids."""
    facts = [
        AuditFact(action="doors.door.open", resource_type="door", resource_id="1", occurred_at=SystemClock().now())
        for _ in range(count)
    ]
    message = Publications("doors", {}).audit([(fact, Actor.service("doors")) for fact in facts])
    statement = outbox.insert([message])
    await AsyncRawCursor(connection).execute(statement.sql.encode(), statement.parameters)
    return [fact.fact_id for fact in facts]


async def numbered(connection: AsyncConnection) -> list[UUID]:
    """Return the facts in the order of their numbers; check that there is no gap and that the chain is right."""
    query = """
        SELECT number, fact_id, uuid_send(fact_id) || digest, chain
        FROM audit_journal_numbers JOIN audit_journal USING (position) ORDER BY number
    """
    found = await (await connection.execute(query)).fetchall()
    assert [number for number, *_ in found] == list(range(1, len(found) + 1))
    chains = accumulate((fact for _, _, fact, _ in found), chain_of, initial=b"")
    assert [chain for *_, chain in found] == list(chains)[1:]
    return [fact_id for _, fact_id, _, _ in found]
