"""The migration that removes roles from rows, while the previous release still reads and writes them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chassis.persistence import migrations
from chassis.testing.databases import Databases, DatabaseUrls
from kernel.ids import new_id

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
[REVISION] = VERSIONS.glob("*_no_stored_roles.py")
# As the previous release writes it.
ACTOR = {
    "subject_id": str(new_id()),
    "roles": ["admin", "user"],
    "ip": "192.0.2.7",
    "user_agent": "app/1.0",
    "request_id": "r-1",
}
WITHOUT = {**ACTOR, "roles": []}

ADD_WALLET = """
INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at)
VALUES (%s, 'wallet', gen_random_uuid(), 'NAD', 0, 0, now())
"""
ADD_SCHEDULE = """
INSERT INTO schedules (id, initiator_id, idempotency_key, source_id, target_id, amount, currency, frequency, starts_at, actor,
                       next_at, created_at)
VALUES (%s, gen_random_uuid(), gen_random_uuid()::text, %s, %s, 1, 'NAD', 'daily', now(), %s, now(), now())
"""
ADD_BULK = """
INSERT INTO bulks (id, initiator_id, idempotency_key, source_id, request_hash, currency, mode, format, lines_total,
                   amount_total, actor, created_at)
VALUES (%s, gen_random_uuid(), gen_random_uuid()::text, %s, decode(repeat('00', 32), 'hex'),
        'NAD', 'best_effort', 'text/csv', 1, 1, %s, now())
"""


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Apply the migrations up to the one before."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    for found in VERSIONS.glob("0*.py"):
        if found.name < REVISION.name:
            shutil.copy(found, versions)
    return versions


class Rows:
    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection
        self.source, self.target = new_id(), new_id()
        for wallet in (self.source, self.target):
            connection.execute(ADD_WALLET, (wallet,))

    def add(self, actor: dict[str, Any] = ACTOR) -> None:
        """Add a schedule and a bulk transfer as a process of the previous release does."""
        self._connection.execute(ADD_SCHEDULE, (new_id(), self.source, self.target, json.dumps(actor)))
        self._connection.execute(ADD_BULK, (new_id(), self.source, json.dumps(actor)))

    def actors(self) -> list[dict[str, Any]]:
        query = "SELECT actor FROM schedules UNION ALL SELECT actor FROM bulks"
        return [row["actor"] for row in self._connection.execute(query).fetchall()]

    def set_actor(self, actor: dict[str, Any]) -> None:
        for table in ("schedules", "bulks"):
            self._connection.execute(f"UPDATE {table} SET actor = %s", (json.dumps(actor),))


@pytest.fixture
async def urls(databases: Databases, before: Path) -> Any:
    async with databases.create("payments", before) as urls:
        yield urls


@pytest.fixture
def rows(urls: DatabaseUrls) -> Iterator[Rows]:
    with psycopg.connect(urls.app, autocommit=True, row_factory=dict_row) as connection:
        yield Rows(connection)


async def test_roles_are_removed_from_rows_of_the_previous_release_and_the_rest_of_the_actor_stays(
    rows: Rows, urls: DatabaseUrls
) -> None:
    rows.add()
    assert rows.actors() == [ACTOR, ACTOR]
    migrations.upgrade(urls.owner, VERSIONS, say=lambda _line: None)
    assert rows.actors() == [WITHOUT, WITHOUT]


async def test_beside_the_previous_release_no_row_has_roles_and_every_row_has_the_key_that_it_reads(
    rows: Rows, urls: DatabaseUrls
) -> None:
    migrations.upgrade(urls.owner, VERSIONS, say=lambda _line: None)
    rows.add()
    rows.add({name: value for name, value in ACTOR.items() if name != "roles"})
    assert rows.actors() == [WITHOUT] * 4
    rows.set_actor(ACTOR)
    assert rows.actors() == [WITHOUT] * 4
