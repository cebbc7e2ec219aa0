"""Whatever a superuser changes in the log's tables is found, given the key and the checkpoints from outside."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.application.ports.audit import KeptNote
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import check_log
from services.compliance.tests.tampering import MASTER_KEY, KeptLog, attacker, kept_log, rehash

SIZES = (130, 300)
# The columns that the log protects; the times of day of the rows are not evidence.
COLUMNS = {
    "audit_entries": (
        "sequence",
        "fact_id",
        "leaf",
        "leaf_hash",
        "producer",
        "action",
        "actor_id",
        "resource_type",
        "resource_id",
        "occurred_at",
    ),
    "audit_related": ("subject", "sequence"),
    "audit_nodes": ("level", "index", "hash"),
    "audit_head": ("size", "hashes"),
    "checkpoints": ("size", "root_hash", "note"),
    "log_keys": ("name", "public_key", "sealed_seed"),
}
OTHER = {
    "sequence": "sequence + 1000",
    "size": "size + 1",
    "level": "level + 8",
    "index": "index + 1",
    "fact_id": "gen_random_uuid()",
    "subject": "gen_random_uuid()",
    "occurred_at": "occurred_at - interval '1 day'",
    "hashes": "hashes[2:]",
    "leaf": "overlay(leaf placing 'x' from {at})",
    "leaf_hash": "sha256(leaf_hash)",
    "hash": "sha256(hash)",
    "root_hash": "sha256(root_hash)",
    "public_key": "sha256(public_key)",
    "sealed_seed": "overlay(sealed_seed placing 'x' from {at})",
    "note": "overlay(note placing 'x' from {at})",
}


@dataclass(frozen=True)
class Tampering:
    """A change of one table. A careful attacker then makes all hashes, nodes and the head agree with the leaves."""

    table: str
    act: str
    column: int
    row: int
    other: int
    is_careful: bool

    def statement(self) -> sql.Composed:
        table, columns = sql.Identifier(self.table), COLUMNS[self.table]
        column = columns[self.column % len(columns)]
        parts = {
            "table": table,
            "column": sql.Identifier(column),
            "row": sql.Literal(self.row),
            "other": sql.Literal(self.other),
            "value": sql.SQL(OTHER.get(column, "{column} || 'x'").format(at=self.row % 60 + 1, column=column)),
        }
        return sql.SQL(ACTS[self.act]).format(**parts)


def nth(number: str) -> str:
    return f"(SELECT ctid FROM {{table}} ORDER BY 1 OFFSET {{{number}}} % (SELECT count(*) FROM {{table}}) LIMIT 1)"


ACTS = {
    "delete": f"DELETE FROM {{table}} WHERE ctid = {nth('row')}",
    "delete the rest": f"DELETE FROM {{table}} WHERE ctid >= {nth('row')}",
    "truncate": "TRUNCATE {table}",
    "change": f"UPDATE {{table}} SET {{column}} = {{value}} WHERE ctid = {nth('row')}",
    "copy": (
        f"UPDATE {{table}} SET {{column}} = (SELECT {{column}} FROM {{table}} WHERE ctid = {nth('other')})"
        f" WHERE ctid = {nth('row')}"
    ),
}
TAMPERINGS = st.builds(
    Tampering,
    table=st.sampled_from(sorted(COLUMNS)),
    act=st.sampled_from(sorted(ACTS)),
    column=st.integers(0, 9),
    row=st.integers(0, 299),
    other=st.integers(0, 299),
    is_careful=st.booleans(),
)


async def contents(connection: psycopg.AsyncConnection[Any]) -> list[object]:
    """Return a digest of each table's protected columns."""
    query = sql.SQL("SELECT md5(string_agg(md5(({columns})::text), '' ORDER BY ({columns})::text)) FROM {table}")
    found = []
    for table, columns in COLUMNS.items():
        row = sql.SQL("row({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
        rows = await connection.execute(query.format(columns=row, table=sql.Identifier(table)))
        found.append(await rows.fetchone())
    return found


async def save(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute("CREATE SCHEMA saved")
    for table in COLUMNS:
        await connection.execute(f"CREATE TABLE saved.{table} AS TABLE public.{table}")


async def restore(connection: psycopg.AsyncConnection[Any]) -> None:
    for table in COLUMNS:
        await connection.execute(f"TRUNCATE public.{table}")
        await connection.execute(f"INSERT INTO public.{table} SELECT * FROM saved.{table}")


async def problems_after(
    tampering: Tampering, connection: psycopg.AsyncConnection[Any], check: Callable[[], Any]
) -> tuple[bool, list[str]]:
    """Return whether the log was changed, and what is found."""
    before = await contents(connection)
    try:
        await connection.execute(tampering.statement())
        if tampering.is_careful:
            await rehash(connection)
    except psycopg.errors.IntegrityError:
        # A key that exists: the attacker has changed nothing.
        await restore(connection)
    is_changed = await contents(connection) != before
    finding = await check()
    if is_changed:
        await restore(connection)
    return is_changed, finding.problems


async def test_any_change_is_found_and_no_other_problem(
    database: Database, uow: SqlUnitOfWork[SqlComplianceTransaction], urls: DatabaseUrls, databases: Databases
) -> None:
    superuser_url = databases.superuser_url.rpartition("/")[0] + f"/{urls.name}"
    log = await kept_log(database, uow, superuser_url, SIZES)

    await asyncio.to_thread(_try_all, log, urls.app)


def _try_all(log: KeptLog, url: str) -> None:
    kept = [KeptNote("kept.txt", note) for note in log.notes]
    with asyncio.Runner() as runner:
        database = Database.connect(url, pool_size=1)
        check_whole = check_log(database=database, master_keys=(MASTER_KEY,))

        async def check() -> Any:
            return await check_whole(key=log.key, kept=kept)

        entered = attacker(log.superuser_url)
        connection = runner.run(entered.__aenter__())
        runner.run(save(connection))

        @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
        @given(TAMPERINGS)
        def is_found(tampering: Tampering) -> None:
            is_changed, problems = runner.run(problems_after(tampering, connection, check))
            assert bool(problems) == is_changed, (tampering, problems)

        is_found()
        runner.run(entered.__aexit__(None, None, None))
        runner.run(database.close())
