"""Checks that the previous release works with the migrations of this release, which may only add."""

import shutil
from pathlib import Path

import psycopg
from alembic.script import ScriptDirectory

from chassis.persistence import migrations
from chassis.testing.databases import Databases

_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable = 'YES', column_default IS NOT NULL OR is_generated = 'ALWAYS'
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
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

    Its columns must remain with the same type and nullability, and it must be able to insert rows without the new columns.
    """
    async with databases.create(service, copy_before(since, versions, folder)) as urls:
        with psycopg.connect(urls.owner, autocommit=True) as connection:
            before = {(table, column): rest for table, column, *rest in connection.execute(_COLUMNS)}
            migrations.upgrade(urls.owner, versions, say=lambda _line: None)
            after = {(table, column): rest for table, column, *rest in connection.execute(_COLUMNS)}
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
    return sorted(gone + changed + required)
