"""A log that was begun under an earlier revision goes on whole."""

import shutil
from pathlib import Path

import psycopg

from chassis import migrations
from chassis.database import Database
from chassis.testing.databases import Databases
from compliance.application.append_facts import AppendFacts
from compliance.application.queries import EntryFilter
from compliance.bootstrap import SERVICE, check_log, unit_of_work
from compliance.domain.merkle import Frontier, leaf_hash
from compliance.infrastructure.queries import SqlComplianceQueries
from kernel.pages import CursorRequest
from services.compliance.tests.fakes import entries, entry, service, user

_ENTRY = (
    "INSERT INTO audit_entries (sequence, fact_id, leaf, leaf_hash, producer, action, actor_id, resource_type, resource_id,"
    " occurred_at) VALUES (%s, %s, %s, sha256('\\x00'::bytea || %s), %s, %s, %s, %s, %s, %s)"
)


async def test_what_0001_filed_is_found_after_0002(databases: Databases, tmp_path: Path) -> None:
    facts = [
        entry(actor=user("alice", session_id="s"), related_ids=("role:user", "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10")),
        entry(actor=service(), resource_id="wallet", related_ids=("wallet",)),
    ]
    first = tmp_path / "versions"
    first.mkdir()
    shutil.copy(SERVICE.migrations / "0001_log.py", first)
    async with databases.create("compliance", first) as urls:
        frontier = Frontier()
        async with await psycopg.AsyncConnection.connect(urls.app) as connection:
            for sequence, fact in enumerate(facts):
                leaf = fact.leaf()
                frontier.append(leaf_hash(leaf))
                row = (fact.producer, fact.action, fact.actor.subject_id, fact.resource_type, fact.resource_id, fact.occurred_at)
                await connection.execute(_ENTRY, (sequence, fact.fact_id, leaf, leaf, *row))
                for subject in fact.subject_ids:
                    await connection.execute("INSERT INTO audit_subjects VALUES (%s, %s)", (subject, sequence))
            await connection.execute("UPDATE audit_head SET size = 2, hashes = %s", (frontier.hashes,))

        migrations.upgrade(urls.owner, SERVICE.migrations, say=lambda _line: None)

        database = Database.connect(urls.app, pool_size=2)
        assert await AppendFacts(unit_of_work(database))([*facts, *entries(3)]) == 3
        finding = await check_log(database)()
        assert (finding.size, finding.problems) == (5, [])
        for subject, sequence in (("role:user", 0), ("0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10", 0), ("s", 0), ("wallet", 1)):
            page = await SqlComplianceQueries(database).entries(EntryFilter(related_to=subject), CursorRequest())
            assert [logged.sequence for logged in page.items] == [sequence]
        await database.close()
