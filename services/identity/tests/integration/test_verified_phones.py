"""The migration to verified numbers finds the verified ones, and the previous release keeps running on it."""

from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from chassis.persistence import migrations
from chassis.testing.databases import Databases
from chassis.testing.releases import copy_before
from services.identity.tests.assembled import VERSIONS

MIGRATION = "0014"
PERSON = """
    INSERT INTO users (id, password_hash, password_changed_at, status, initial_role, registered_at, version, phone_verified_at)
    VALUES (%(id)s, '$argon2id$x', now(), 'active', 'user', now(), 1, %(at)s)
"""
PROFILE = """
    INSERT INTO profiles (user_id, full_name, email, email_index, phone, phone_index)
    VALUES (%(id)s, 'x', 'x', sha256(%(id)s::text::bytea), 'x', sha256(%(number)s::bytea))
"""


async def test_only_verified_numbers_are_unique_after_the_migration(databases: Databases, tmp_path: Path) -> None:
    async with databases.create("identity", copy_before(MIGRATION, VERSIONS, tmp_path / "versions")) as urls:
        with psycopg.connect(urls.owner, autocommit=True) as connection:

            def person(number: str, *, verified: bool) -> UUID:
                user_id = uuid4()
                values = {"id": user_id, "number": number, "at": "2026-03-21T08:00:00Z" if verified else None}
                connection.execute(PERSON, values)
                connection.execute(PROFILE, values)
                return user_id

            verified, typed = person("one", verified=True), person("two", verified=False)
            migrations.upgrade(urls.owner, VERSIONS, say=lambda _line: None)
            rows = connection.execute("SELECT user_id, phone_verified FROM profiles").fetchall()
            assert dict(rows) == {verified: True, typed: False}
            # The previous release writes without naming any new column.
            also = person("one", verified=False)
            verify = "UPDATE users SET phone_verified_at = %s WHERE id = %s"
            with pytest.raises(psycopg.errors.UniqueViolation, match="profiles_phone_index_key"):
                connection.execute(verify, ["2026-03-21T09:00:00Z", also])
            connection.execute(verify, [None, verified])
            connection.execute(verify, ["2026-03-21T09:00:00Z", also])
            rows = connection.execute("SELECT user_id, phone_verified FROM profiles").fetchall()
            assert dict(rows) == {verified: False, typed: False, also: True}
