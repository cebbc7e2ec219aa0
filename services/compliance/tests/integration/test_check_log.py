"""fsck finds every change by a superuser, and no problem in an unchanged log."""

import asyncio

import psycopg
import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.findings import Finding
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.domain.checkpoint import Checkpoint
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.interfaces.subscriptions import TIME_MAX, TIME_MIN
from compliance.wiring import check_log
from services.compliance.tests.entries import entries, entry
from services.compliance.tests.fakes.log_signer import ORIGIN, Signer

Uow = SqlUnitOfWork[SqlComplianceTransaction]


class Tampered:
    """A log of 600 entries with two checkpoints that a superuser can change."""

    def __init__(self, database: Database, superuser_url: str, signer: Signer) -> None:
        self.database = database
        self.signer = signer
        self._superuser_url = superuser_url

    async def tamper(self, *statements: str) -> None:
        async with await psycopg.AsyncConnection.connect(self._superuser_url, autocommit=True) as connection:
            # Disable the triggers and the check of leaf hashes.
            await connection.execute("SET session_replication_role = replica")
            await connection.execute("ALTER TABLE audit_entries DROP CONSTRAINT IF EXISTS audit_entries_hash")
            for statement in statements:
                done = await connection.execute(statement)
                assert done.rowcount != 0, statement

    async def check(self) -> Finding:
        return await check_log(database=self.database)()


@pytest.fixture
async def tampered(uow: Uow, database: Database, urls: DatabaseUrls, databases: Databases) -> Tampered:
    signer = Signer()
    append, sign = AppendFacts(uow), SignCheckpoint(uow, signer, ControlledClock())
    # The first and the last time that a fact may have.
    outermost = [entry(occurred_at=at) for at in (TIME_MIN, TIME_MAX)]
    await append(entries=[entry(resource_id="the one", related_ids=("wallet",), action="the\0act"), *outermost, *entries(297)])
    await sign()
    await append(entries=entries(300))
    await sign()
    async with await psycopg.AsyncConnection.connect(urls.app) as connection:
        await connection.execute(
            "INSERT INTO log_keys (name, public_key, sealed_seed) VALUES (%s, %s, '\\x00')", (ORIGIN, signer.key.public_key)
        )
    return Tampered(database, databases.superuser_url.rpartition("/")[0] + f"/{urls.name}", signer)


async def test_an_unchanged_log_is_intact(tampered: Tampered) -> None:
    finding = await tampered.check()

    assert (finding.size, finding.checkpoints, finding.problems) == (600, 2, [])


SWAPPED = """
    UPDATE audit_entries e SET leaf = o.leaf, leaf_hash = o.leaf_hash FROM audit_entries o
    WHERE (e.sequence, o.sequence) IN ((300, 301), (301, 300))
"""
REHASHED = "leaf = leaf || ' ', leaf_hash = sha256('\\x00'::bytea || leaf || ' ')"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE audit_entries SET leaf = leaf || ' ' WHERE sequence = 5", "entry 5 does not match its hash"),
        ("UPDATE audit_entries SET leaf_hash = sha256('x') WHERE sequence = 5", "entry 5 does not match its hash"),
        (f"UPDATE audit_entries SET {REHASHED} WHERE sequence = 5", "checkpoint 300 has another root hash than the log"),
        ("UPDATE audit_entries SET leaf = 'no JSON' WHERE sequence = 5", "the leaf of entry 5 is not an entry of this log"),
        ("DELETE FROM audit_entries WHERE sequence = 5", "entry 5 is missing"),
        ("DELETE FROM audit_entries WHERE sequence BETWEEN 0 AND 20", "entries 0 to 20 are missing"),
        ("UPDATE audit_entries SET sequence = -1 WHERE sequence = 5", "entry -1 is outside the log"),
        ("UPDATE audit_entries SET sequence = 9223372036854775807 WHERE sequence = 5", "entry 9223372036854775807 is outside"),
        ("DELETE FROM audit_entries WHERE sequence = 599", "the head has 600 entries"),
        ("DELETE FROM audit_entries WHERE sequence >= 300", "checkpoint 600 is larger than the log, which has 300 entries"),
        (SWAPPED, "checkpoint 600 has another root hash than the log"),
        ("DELETE FROM audit_related WHERE sequence = 5", "the columns or related subjects of entry 5 do not match"),
        (
            "UPDATE audit_related SET subject = gen_random_uuid() WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        ("INSERT INTO audit_related VALUES (gen_random_uuid(), 5)", "1 rows of related subjects are not in the leaves"),
        (
            "UPDATE audit_entries SET actor_id = 'another' WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        (
            "UPDATE audit_entries SET resource_id = 'another' WHERE sequence = 0",
            "the columns or related subjects of entry 0 do not match",
        ),
        (
            "UPDATE audit_entries SET resource_type = 'other' WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        (
            "UPDATE audit_entries SET action = 'other' WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        (
            "UPDATE audit_entries SET producer = 'other' WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        (
            "UPDATE audit_entries SET fact_id = gen_random_uuid() WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        (
            "UPDATE audit_entries SET occurred_at = occurred_at + interval '1 us' WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        (
            "UPDATE audit_entries SET occurred_at = 'infinity' WHERE sequence = 5",
            "the columns or related subjects of entry 5 do not match",
        ),
        ("UPDATE audit_nodes SET hash = sha256('x') WHERE (level, index) = (8, 1)", "node 8/1 is missing or does not match"),
        ("DELETE FROM audit_nodes WHERE (level, index) = (8, 1)", "node 8/1 is missing or does not match"),
        ("INSERT INTO audit_nodes VALUES (8, 2, sha256('x'))", "node 8/2 belongs to no entries of the log"),
        ("UPDATE audit_head SET size = 599", "the head has 599 entries, but there are 600"),
        ("DELETE FROM audit_head", "the head has no row, but there are 600 entries"),
        (
            "UPDATE audit_head SET hashes[2] = sha256('x')",
            "the head has 600 entries and other hashes than the leaves, at first for entries 512 to 575",
        ),
        ("UPDATE audit_head SET hashes[1] = NULL", "other hashes than the leaves, at first for entries 0 to 511"),
        ("UPDATE audit_head SET hashes[1] = 'short'", "other hashes than the leaves, at first for entries 0 to 511"),
        ("UPDATE audit_head SET hashes = '{}'", "other hashes than the leaves: 0 hashes instead of 4"),
        (
            "UPDATE checkpoints SET root_hash = sha256('x') WHERE size = 300",
            "the note of checkpoint 300 belongs to another checkpoint, of size 300",
        ),
        ("UPDATE checkpoints SET note = E'\\u0001\\n\\n' WHERE size = 300", "the note of checkpoint 300 does not verify"),
        ("UPDATE checkpoints SET note = note || 'x' WHERE size = 300", "the note of checkpoint 300 does not verify"),
        (
            "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 600) WHERE size = 300",
            "the note of checkpoint 300 belongs to another checkpoint",
        ),
        ("UPDATE checkpoints SET size = 601 WHERE size = 600", "the note of checkpoint 601 belongs to another checkpoint"),
        ("UPDATE log_keys SET public_key = sha256('x')", "the note of checkpoint 300 does not verify"),
        ("UPDATE log_keys SET public_key = 'short'", "the note of checkpoint 300 does not verify"),
        ("INSERT INTO log_keys VALUES ('other', sha256('x'), 'sealed')", "log_keys has 2 rows, but a log has one key"),
        ("DELETE FROM log_keys", "no key that could have signed them"),
    ],
)
async def test_every_kind_of_tampering_is_found(tampered: Tampered, statement: str, problem: str) -> None:
    await tampered.tamper(statement)

    problems = (await tampered.check()).problems

    assert any(found.startswith(problem) or problem in found for found in problems), problems


async def test_a_forged_note_with_the_right_root_is_found(tampered: Tampered) -> None:
    forger, finding = Signer(), await tampered.check()
    note = Checkpoint(ORIGIN, 600, finding.root_hash).sign(forger.key, forger.sign)

    await tampered.tamper(f"UPDATE checkpoints SET note = '{note}' WHERE size = 600")

    assert [problem for problem in (await tampered.check()).problems if "checkpoint 600 does not verify" in problem]


async def test_a_signed_note_with_another_root_is_found(tampered: Tampered) -> None:
    note = Checkpoint(ORIGIN, 300, bytes(32)).sign(tampered.signer.key, tampered.signer.sign)

    await tampered.tamper(f"UPDATE checkpoints SET note = '{note}' WHERE size = 300")

    problems = (await tampered.check()).problems

    assert problems == [
        "the note of checkpoint 300 belongs to another checkpoint, of size 300",
        "checkpoint 300 has another root hash than the log",
        "the first change is among entries 0 to 299: no smaller checkpoint was compared",
    ]


async def test_many_findings_of_a_kind_are_counted_and_do_not_hide_others(tampered: Tampered) -> None:
    await tampered.tamper("UPDATE audit_entries SET leaf_hash = 'x' WHERE sequence < 50", "DELETE FROM audit_head")

    finding = await tampered.check()

    assert [(kind.name, len(problems), finding.omitted(kind)) for kind, problems in finding.by_kind.items()] == [
        ("ENTRY", 10, 40),
        ("HEAD", 1, 0),
    ]


async def test_a_log_that_grows_during_the_check_is_intact(tampered: Tampered, uow: Uow) -> None:
    append, sign = AppendFacts(uow), SignCheckpoint(uow, tampered.signer, ControlledClock())
    done = asyncio.Event()

    async def grow() -> None:
        while not done.is_set():
            await append(entries=entries(50))
            await sign()

    growing = asyncio.create_task(grow())
    try:
        findings = [await tampered.check() for _ in range(5)]
    finally:
        done.set()
        await growing

    assert [finding.problems for finding in findings] == [[]] * 5
    assert findings[-1].size > 600


async def test_an_empty_log_is_intact(database: Database) -> None:
    finding = await check_log(database=database)()

    assert (finding.size, finding.problems) == (0, [])
