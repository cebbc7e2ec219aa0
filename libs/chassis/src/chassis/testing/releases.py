"""Checks that the previous release works with the migrations of this release, which may only add."""

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from alembic.script import ScriptDirectory

from chassis.persistence import migrations
from chassis.testing.databases import Databases

_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable = 'YES', column_default IS NOT NULL OR is_generated = 'ALWAYS'
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""
# What the runtime role may do with each column and table. Nobody writes identity columns.
_RIGHTS = """
    WITH present AS (SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')),
         each AS (SELECT * FROM present JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped)
    SELECT relname || '.' || attname, wanted FROM each, (VALUES ('SELECT'), ('INSERT'), ('UPDATE')) AS rights (wanted)
    WHERE has_column_privilege(%(role)s, oid, attnum, wanted) AND (wanted = 'SELECT' OR attidentity = '')
    UNION ALL
    SELECT relname, wanted FROM present, (VALUES ('DELETE'), ('TRUNCATE')) AS rights (wanted)
    WHERE has_table_privilege(%(role)s, oid, wanted)
    UNION ALL
    SELECT oid::regprocedure::text, 'EXECUTE' FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(%(role)s, oid, 'EXECUTE')
"""


def copy_before(revision: str, versions: Path, folder: Path) -> Path:
    """Copy the migrations that run before one, by the revision chain, not by file names."""
    folder.mkdir(parents=True)
    script = ScriptDirectory(str(versions.parent), version_locations=[str(versions)])
    for each in script.iterate_revisions(revision, "base"):
        if each.revision != revision:
            shutil.copy(each.path, folder)
    return folder


async def contractions(databases: Databases, service: str, versions: Path, *, since: str, folder: Path) -> list[str]:
    """Migrate from the release before revision `since` to the present one; return the changes that break the earlier code.

    Its columns must remain with the same type and nullability, it must be able to insert rows without the new columns, and the
    runtime role must keep its rights.
    """
    async with databases.create(service, copy_before(since, versions, folder)) as urls:
        role = urlsplit(urls.app).username or ""
        with psycopg.connect(urls.owner, autocommit=True) as connection:
            before, rights_before = _columns(connection), _rights(connection, role)
            migrations.upgrade(urls.owner, versions, say=lambda _line: None)
            after, rights_after = _columns(connection), _rights(connection, role)
    tables = {table for table, _ in before}
    gone = [f"{table}.{column} was removed" for table, column in before.keys() - after.keys()]
    changed = [
        f"{table}.{column} was {before[table, column]} and is {after[table, column]}"
        for table, column in before.keys() & after.keys()
        if after[table, column][0] != before[table, column][0] or after[table, column][1] < before[table, column][1]
    ]
    required = [
        f"{table}.{column} is required"
        for table, column in after.keys() - before.keys()
        if table in tables and not any(after[table, column][1:])
    ]
    removed = {f"{table}.{column}" for table, column in before.keys() - after.keys()}
    taken = [f"{right} on {place} was taken" for place, right in rights_before - rights_after if place not in removed]
    return sorted(gone + changed + required + taken)


def _columns(connection: psycopg.Connection) -> dict[tuple[str, str], list[Any]]:
    return {(table, column): rest for table, column, *rest in connection.execute(_COLUMNS)}


def _rights(connection: psycopg.Connection, role: str) -> set[tuple[str, str]]:
    return {(place, right) for place, right in connection.execute(_RIGHTS, {"role": role})}
