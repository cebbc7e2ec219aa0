"""The contents of a service's database, for tests that compare all of it before and after."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from google.protobuf.message import Message
from sqlalchemy import text

from chassis.messaging.contracts import Publications
from chassis.messaging.fact_digest import digest_of
from chassis.persistence.database import Database
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded

Rows = Mapping[str, list[str]]

# Audit facts are written to the outbox and the journal, or to neither.
_JOURNAL = {"outbox": "audit_journal"}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_TABLES = text(
    """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND has_table_privilege(oid, 'SELECT') ORDER BY relname
    """
)


async def everything(database: Database) -> Rows:
    """Return every row of every table that this role may read, as text, for comparison."""
    found: dict[str, list[str]] = defaultdict(list)
    async with database.read() as connection:
        tables = list(await connection.scalars(_TABLES))
        # Names of our own tables.
        each = (f"SELECT '{table}' AS name, (whole_row.*)::text AS content FROM \"{table}\" AS whole_row" for table in tables)  # noqa: S608
        for row in await connection.execute(text(" UNION ALL ".join(each))):
            found[row.name].append(row.content)
    return {name: sorted(contents) for name, contents in found.items()}


@asynccontextmanager
async def unchanged(database: Database, *, but: Collection[str] = ()) -> AsyncIterator[None]:
    """Fail if the block changes a row of any table except those in `but`."""
    before = await everything(database)
    try:
        yield
    finally:
        _compare(before, await everything(database), but)


def watch_refusals(client: httpx.AsyncClient, database: Database, *, recorded: Mapping[str, Collection[str]]) -> None:
    """Fail if a refused write of this client changes a row.

    `recorded` has the tables that a refusal writes to, by its error code. A test that sends several requests at once cannot know
    which of them changed a row, so it uses a client that is not watched.
    """

    async def remember(request: httpx.Request) -> None:
        if request.method not in _READS:
            request.extensions["rows"] = await everything(database)

    async def compare(response: httpx.Response) -> None:
        before = response.request.extensions.get("rows")
        if before is None or response.is_success:
            return
        await response.aread()
        _compare(before, await everything(database), recorded.get(_code(response), ()))

    client.event_hooks = {"request": [remember], "response": [compare]}


async def published(database: Database, publications: Publications) -> list[tuple[str | None, Message]]:
    """Return the outbox's messages with their aggregates, in order; audit facts without their random ids and their digests."""
    classes: dict[str, Any] = {spec.type: spec.message_class for spec in publications.specs}
    query = text("SELECT type, aggregate_id, payload FROM outbox ORDER BY position")
    async with database.read() as connection:
        found = (await connection.execute(query)).all()
    messages = [(aggregate_id, classes[type_].FromString(bytes(payload))) for type_, aggregate_id, payload in found]
    for _, message in messages:
        for fact in message.facts if isinstance(message, AuditFactsRecorded) else ():
            UUID(fact.fact_id)
            if fact.digest != digest_of(fact):
                raise AssertionError(f"the digest of {fact.action} is not that of its message")
            fact.ClearField("digest")
            fact.ClearField("fact_id")
    return messages


async def require_journaled(database: Database) -> None:
    """Fail unless the journal has exactly the audit facts of the outbox. No relay may run."""
    query = text(
        """
        SELECT payload AS content, NULL AS fact_id FROM outbox WHERE type = 'audit.facts.recorded'
        UNION ALL SELECT digest, fact_id FROM audit_journal
        """
    )
    async with database.read() as connection:
        found = (await connection.execute(query)).all()
    journal = sorted((str(fact_id), bytes(content)) for content, fact_id in found if fact_id)
    messages = [AuditFactsRecorded.FromString(bytes(content)) for content, fact_id in found if not fact_id]
    sent = sorted((fact.fact_id, digest_of(fact)) for message in messages for fact in message.facts)
    if journal != sent:
        missing, unsent = set(sent) - set(journal), set(journal) - set(sent)
        raise AssertionError(f"the journal must have the facts of the outbox: missing {missing}, in addition {unsent}")


def _code(response: httpx.Response) -> str:
    is_json = response.headers.get("content-type", "").startswith("application/json")
    return str(response.json().get("code")) if is_json else ""


def _compare(before: Rows, after: Rows, but: Collection[str]) -> None:
    for table in (before.keys() | after.keys()).difference(but, (_JOURNAL.get(table) for table in but)):
        was, now = before.get(table, []), after.get(table, [])
        if was != now:
            gone, new = sorted(set(was) - set(now)), sorted(set(now) - set(was))
            raise AssertionError(f"{table} must not change, but it did: removed {gone}, added {new}")
