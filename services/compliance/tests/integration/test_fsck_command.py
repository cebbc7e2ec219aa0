"""The fsck command: progress by chunks, a result and an exit code."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.application.audit.append_facts import AppendFacts
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from compliance.domain.checkpoint import VerifierKey
from compliance.domain.merkle import leaf_hash
from compliance.infrastructure.sql import stored_log
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import check_log
from kernel.clock import SystemClock
from services.compliance.tests.entries import entries, entry
from services.compliance.tests.fakes.log_signer import Signer

SIZE = 700


@pytest.fixture
async def administrator(
    databases: Databases, urls: DatabaseUrls, database: Database, uow: SqlUnitOfWork[SqlComplianceTransaction]
) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    """A superuser, to whom no guard applies, with a log of 700 entries and three checkpoints."""
    signer, append = Signer(), AppendFacts(uow)
    sign = SignCheckpoint(uow, signer, SystemClock())
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO log_keys (name, public_key, sealed_seed) VALUES (%s, %s, '')", (signer.key.name, signer.key.public_key)
        )
    facts = [*entries(SIZE - 1), entry(resource_id="odd\0", after=None)]
    for start, end in ((0, 256), (256, 600), (600, SIZE)):
        await append(entries=facts[start:end])
        await sign()
    url = databases.superuser_url.rpartition("/")[0] + f"/{urls.name}"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_hash")
        yield connection


async def test_an_unchanged_log_is_reported_as_intact(
    administrator: object, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_log, "CHUNK_ENTRIES", 300)
    told: list[tuple[int, int]] = []

    finding = await check_log(database=database)(progress=lambda done, size: told.append((done, size)))

    assert finding.problems == []
    assert (finding.size, finding.checkpoints) == (SIZE, 3)
    assert told == [(300, SIZE), (600, SIZE), (700, SIZE)]


async def test_a_rewritten_log_does_not_match_its_checkpoints(
    administrator: psycopg.AsyncConnection[tuple[object, ...]], database: Database
) -> None:
    """Even if every hash in the database is recomputed, the signatures do not match."""
    leaf = entries(1)[0].leaf()
    await administrator.execute("UPDATE audit_entries SET leaf = %s, leaf_hash = %s WHERE sequence = 10", (leaf, leaf_hash(leaf)))
    await administrator.execute("DELETE FROM audit_nodes")

    problems = (await check_log(database=database)()).problems

    assert {f"checkpoint {size} has another root hash than the log" for size in (256, 600, SIZE)} <= set(problems)


async def test_the_exit_code_reports_the_result(
    administrator: psycopg.AsyncConnection[tuple[object, ...]], urls: DatabaseUrls, tmp_path: Path
) -> None:
    async def fsck(*options: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "compliance", "fsck", *options),
            env={"ELCORP_DATABASE_URL": urls.app, "ELCORP_ENVIRONMENT": "local"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    keep, key = tmp_path / "kept.txt", await log_key(administrator)
    code, out = await fsck("--output", str(keep))
    assert code == 0, out
    assert out.startswith("intact: 700 entries, 3 checkpoints, root ")
    assert "not checked: whether the log was set back" in out
    assert out.endswith(keep.read_text().removesuffix("\n"))
    code, out = await fsck("--checkpoint", str(keep), "--key", key)
    assert code == 0, out
    assert out.startswith("intact: 700 entries, 3 checkpoints, 1 kept notes, root ")
    assert "set back" not in out
    assert (await fsck("--checkpoint", str(tmp_path / "missing")))[0] == 2
    await administrator.execute("UPDATE audit_entries SET actor_id = 'nobody' WHERE sequence = 699")
    assert (await fsck())[0] == 1
    assert (await fsck("--tree-only"))[0] == 0
    await administrator.execute("DELETE FROM audit_entries WHERE sequence = 699")
    await administrator.execute("DELETE FROM checkpoints WHERE size = 700")
    code, out = await fsck("--tree-only", "--checkpoint", str(keep))
    assert code == 1
    found = f"BROKEN: checkpoint 700 of {keep} is larger than the log, which has 699 entries\n  The log ends earlier than"
    assert out.startswith(found)


async def log_key(administrator: psycopg.AsyncConnection[tuple[object, ...]]) -> str:
    row = await (await administrator.execute("SELECT name, public_key FROM log_keys")).fetchone()
    assert row
    name, public_key = row
    return VerifierKey(str(name), bytes(public_key)).text  # type: ignore[call-overload]  # rows are untyped here
