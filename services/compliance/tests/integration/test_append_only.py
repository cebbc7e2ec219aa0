"""The changes that the database itself refuses, for every role."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.errors import CheckViolation, InsufficientPrivilege

from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from kernel.clock import SystemClock
from services.compliance.tests.entries import entries, entry
from services.compliance.tests.fakes.log_signer import Signer

APPEND_ONLY = ("audit_entries", "audit_related", "audit_nodes", "checkpoints", "log_keys")
CHANGES = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
}
COLUMNS = {
    "audit_entries": "action",
    "audit_related": "sequence",
    "audit_nodes": "hash",
    "checkpoints": "note",
    "log_keys": "public_key",
}


@pytest.fixture
async def filled(urls: DatabaseUrls, uow: SqlUnitOfWork[SqlComplianceTransaction]) -> DatabaseUrls:
    """A log with a row in each table, because row triggers do not fire on empty tables."""
    append = AppendFacts(uow)
    await append(entries=[entry(related_ids=("wallet",)), *entries(256)])
    await SignCheckpoint(uow, Signer(), SystemClock())()
    async with await psycopg.AsyncConnection.connect(urls.app) as connection:
        await connection.execute("INSERT INTO log_keys (name, public_key, sealed_seed) VALUES ('k', '\\x00', '\\x00')")
    return urls


@pytest.fixture
async def app(filled: DatabaseUrls) -> AsyncIterator[AsyncConnection[tuple[object, ...]]]:
    async with await psycopg.AsyncConnection.connect(filled.app, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("role", ["app", "owner", "superuser"])
async def test_no_role_can_change_or_delete_entries(role: str, filled: DatabaseUrls, databases: Databases) -> None:
    superuser = databases.superuser_url.rpartition("/")[0] + f"/{filled.name}"
    url = {"app": filled.app, "owner": filled.owner, "superuser": superuser}[role]
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for table in APPEND_ONLY:
            for kind, change in CHANGES.items():
                with pytest.raises(InsufficientPrivilege):
                    await connection.execute(change.format(table=table, column=COLUMNS[table]))
                assert await _count(connection, table) > 0, (table, kind)


async def test_the_runtime_role_cannot_remove_the_guards(app: AsyncConnection[tuple[object, ...]]) -> None:
    for statement in (
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entries_append_only ON audit_entries",
        "DROP TABLE audit_entries",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TABLE elsewhere (id int)",
    ):
        with pytest.raises(InsufficientPrivilege):
            await app.execute(statement)


async def test_the_head_only_grows(app: AsyncConnection[tuple[object, ...]]) -> None:
    for statement in (
        "UPDATE audit_head SET size = size - 1",
        "UPDATE audit_head SET hashes = '{}'",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        "INSERT INTO audit_head (size, hashes) VALUES (0, '{}')",
    ):
        with pytest.raises(InsufficientPrivilege):
            await app.execute(statement)


async def test_blocks_stay_on_record(app: AsyncConnection[tuple[object, ...]]) -> None:
    for statement in ("DELETE FROM screening_blocks", "TRUNCATE screening_blocks"):
        with pytest.raises(InsufficientPrivilege):
            await app.execute(statement)


async def test_findings_of_completeness_stay_on_record(app: AsyncConnection[tuple[object, ...]]) -> None:
    await app.execute(
        "INSERT INTO completeness_findings (producer, kind, number, unsent, found_at) VALUES ('payments', 'missing', 7, 0, now())"
    )
    for statement in (
        "DELETE FROM completeness_findings",
        "TRUNCATE completeness_findings",
        "UPDATE completeness_findings SET number = 8",
        "DELETE FROM producer_journals",
        "TRUNCATE producer_journals",
    ):
        with pytest.raises(InsufficientPrivilege):
            await app.execute(statement)
    assert (await app.execute("UPDATE completeness_findings SET resolved_at = now()")).rowcount == 1


@pytest.mark.parametrize(
    ("table", "columns", "values"),
    [
        (
            "audit_entries",
            "sequence, fact_id, leaf, leaf_hash, producer, action, actor_id, resource_type, resource_id, occurred_at",
            "999, gen_random_uuid(), 'leaf', sha256('another'), 'p', 'a', 'a', 't', 'r', now()",
        ),
        ("audit_nodes", "level, index, hash", "7, 0, sha256('node')"),
        ("audit_nodes", "level, index, hash", "8, 99, 'short'"),
        ("checkpoints", "size, root_hash, note", "0, sha256('root'), 'note'"),
        ("checkpoints", "size, root_hash, note", "999, 'short', 'note'"),
    ],
)
async def test_inconsistent_rows_are_refused(
    app: AsyncConnection[tuple[object, ...]], table: str, columns: str, values: str
) -> None:
    with pytest.raises(CheckViolation):
        await app.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})")


async def _count(connection: AsyncConnection[tuple[object, ...]], table: str) -> int:
    row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
    return int(str(row[0])) if row else 0
