"""Migrations, and what a process requires of the schema that it finds."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError, ProgrammingError

from chassis.persistence import migrations
from chassis.persistence.database import Database
from chassis.persistence.schema_version import NoRevisionsError
from chassis.testing.databases import Databases, DatabaseUrls
from libs.chassis.tests.persistence.doors_database import VERSIONS, rows


async def test_migrating_again_changes_nothing_and_head_is_known(urls: DatabaseUrls, database: Database) -> None:
    said: list[str] = []
    migrations.upgrade(urls.owner, VERSIONS, say=said.append)
    assert said == ["schema at 0001 already"]
    assert await migrations.at_head(database, VERSIONS)


@pytest.mark.parametrize(("found", "expected"), [("0000", False), ("0001", True), ("0002", True)])
async def test_a_schema_older_than_the_release_is_refused_and_a_newer_one_accepted(
    urls: DatabaseUrls, database: Database, found: str, expected: bool
) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = %s", (found,))
    assert await migrations.at_head(database, VERSIONS) == expected


async def test_the_migration_of_an_earlier_release_leaves_a_newer_schema_unchanged(
    urls: DatabaseUrls, database: Database
) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = '0002'")
    said: list[str] = []
    migrations.upgrade(urls.owner, VERSIONS, say=said.append)
    assert said == ["the schema is newer (0002) than this release (0001) and is left unchanged"]
    assert await rows(database, "SELECT version_num FROM alembic_version") == [("0002",)]
    assert await migrations.at_head(database, VERSIONS)


async def test_an_older_schema_that_no_release_knows_is_not_migrated(urls: DatabaseUrls) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(CommandError, match="0000"):
        migrations.upgrade(urls.owner, VERSIONS, say=lambda _line: None)


async def test_a_database_that_was_never_migrated_is_not_at_head(urls: DatabaseUrls, database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as owner:
        await owner.execute("DELETE FROM alembic_version")
        assert not await migrations.at_head(database, VERSIONS)
        await owner.execute("DROP TABLE alembic_version")
    assert not await migrations.at_head(database, VERSIONS)


async def test_a_folder_without_revisions_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NoRevisionsError):
        await migrations.at_head(database, tmp_path)


async def test_migrations_refuse_the_runtime_role(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    async with databases.create("doors", VERSIONS) as urls:
        with pytest.raises((ProgrammingError, ValueError)):
            migrations.upgrade(urls.app, _second_revision(tmp_path / "versions"))


def _second_revision(folder: Path, statement: str = "CREATE TABLE more (id integer)") -> Path:
    (folder / "0001_doors.py").write_text((VERSIONS / "0001_doors.py").read_text())
    (folder / "0002_more.py").write_text(
        'from alembic import op\nrevision = "0002"\ndown_revision = "0001"\n'
        f"def upgrade() -> None:\n    op.execute('{statement}')\n"
    )
    return folder


async def test_a_migration_does_not_wait_for_a_lock_and_block_everyone_behind_it(
    urls: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    (tmp_path / "versions").mkdir()
    versions = _second_revision(tmp_path / "versions", "ALTER TABLE doors ADD COLUMN colour text")
    async with await psycopg.AsyncConnection.connect(urls.owner) as busy:
        await busy.execute("LOCK TABLE doors")
        upgrade = asyncio.create_task(asyncio.to_thread(migrations.upgrade, urls.owner, versions, say=lambda _line: None))
        done, _ = await asyncio.wait({upgrade}, timeout=60)
    assert done, "it waited for the lock"
    with pytest.raises(OperationalError, match="lock timeout"):
        await upgrade
