"""`JournalService`, on the journal that a relay has numbered."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chassis.audit_journal import JournalService
from chassis.messaging.contracts import Publications
from chassis.messaging.fact_digest import chain_of
from chassis.messaging.journal import Journal
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from elcorp.platform.v1.journal_pb2 import ListEntriesRequest, ListEntriesResponse
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import SystemClock

VERSIONS = Path(__file__).parent / "persistence" / "versions"


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("doors", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(databases: Databases, urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with databases.connect(urls.app, pool_size=2) as database:
        yield database


async def record(database: Database, count: int) -> list[AuditFact]:
    """Commit facts, all in one message."""
    facts = [
        AuditFact(action="doors.door.open", resource_type="door", resource_id="1", occurred_at=SystemClock().now())
        for _ in range(count)
    ]
    uow = SqlUnitOfWork(database, SqlTransaction, Publications("doors", {}), service="doors")
    async with uow.begin(Actor.service("doors")) as tx:
        for fact in facts:
            tx.record(fact)
    return facts


async def number(urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.relay, autocommit=True) as relay:
        await Journal(relay).number()


async def listed(database: Database, *, after: int = 0, limit: int = 1000) -> ListEntriesResponse:
    context: Any = None
    return await JournalService(database, "doors").ListEntries(ListEntriesRequest(after_number=after, limit=limit), context)


async def test_an_empty_journal_ends_at_number_zero(database: Database) -> None:
    assert await listed(database) == ListEntriesResponse(producer="doors")


async def test_entries_are_listed_in_pages_with_the_chain_before_each_page(urls: DatabaseUrls, database: Database) -> None:
    facts = await record(database, 3)
    assert (await listed(database)).unnumbered == 3
    await number(urls)
    assert (await listed(database)).unnumbered == 0
    first = await listed(database, limit=2)
    second = await listed(database, after=2)
    entries = [*first.entries, *second.entries]
    assert [(entry.number, UUID(entry.fact_id)) for entry in entries] == [(n, fact.fact_id) for n, fact in enumerate(facts, 1)]
    chain = b""
    for entry in entries:
        chain = chain_of(chain, UUID(entry.fact_id).bytes + entry.digest)
        assert entry.chain == chain
    assert (first.last_number, first.chain, first.unsent) == (3, b"", 1)
    assert (second.last_number, second.chain) == (3, entries[1].chain)
    # A caller that knows a number that the journal does not have learns that it was set back.
    assert await listed(database, after=4) == ListEntriesResponse(producer="doors", last_number=3, unsent=1)


async def test_a_deleted_outbox_row_leaves_its_numbered_entry(urls: DatabaseUrls, database: Database) -> None:
    [fact] = await record(database, 1)
    async with await psycopg.AsyncConnection.connect(urls.relay, autocommit=True) as relay:
        await relay.execute("DELETE FROM outbox")
    await number(urls)
    response = await listed(database)
    assert [UUID(entry.fact_id) for entry in response.entries] == [fact.fact_id]
    assert response.unsent == 0


async def test_a_row_removed_from_the_journal_is_an_entry_without_a_fact(
    databases: Databases, urls: DatabaseUrls, database: Database
) -> None:
    facts = await record(database, 2)
    await number(urls)
    superuser = psycopg.conninfo.make_conninfo(databases.superuser_url, dbname=urls.name)
    async with await psycopg.AsyncConnection.connect(superuser, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM audit_journal WHERE fact_id = %s", (facts[0].fact_id,))
    removed, kept = (await listed(database)).entries
    assert (removed.number, removed.fact_id, removed.digest, len(removed.chain)) == (1, "", b"", 32)
    assert UUID(kept.fact_id) == facts[1].fact_id
