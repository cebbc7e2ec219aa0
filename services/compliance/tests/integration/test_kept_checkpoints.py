"""Checkpoints and a key that were kept outside the database show what the database itself cannot."""

import pytest

from chassis.crypto import Sealer, SigningKey, field_context
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import check_log
from services.compliance.tests.tampering import MASTER_KEY, KeptLog, kept_log

SIZES = (200, 400, 600)
SET_BACK = (
    "DELETE FROM audit_entries WHERE sequence >= 400",
    "DELETE FROM audit_related WHERE sequence >= 400",
    "DELETE FROM checkpoints WHERE size > 400",
)
# Entries 300 and 301, with all their columns. They have the same related subjects.
EXCHANGED = (
    "UPDATE audit_entries SET sequence = -1 WHERE sequence = 300",
    "UPDATE audit_entries SET sequence = 300 WHERE sequence = 301",
    "UPDATE audit_entries SET sequence = 301 WHERE sequence = -1",
)
NARROWED = "the first change is among entries 200 to 399: checkpoint 200 agrees with the log"


@pytest.fixture
async def log(
    database: Database, uow: SqlUnitOfWork[SqlComplianceTransaction], urls: DatabaseUrls, databases: Databases
) -> KeptLog:
    return await kept_log(database, uow, databases.superuser_url.rpartition("/")[0] + f"/{urls.name}", SIZES)


async def test_an_unchanged_log_agrees_with_what_was_kept(log: KeptLog) -> None:
    assert await log.check_from_outside() == []
    await log.grow(50)
    assert await log.check_from_outside() == []
    finding = await log.check(key=log.key)
    assert finding.newest_note
    assert finding.newest_note.splitlines()[1] == "650"
    assert await log.check_from_outside(finding.newest_note) == []


async def test_deleted_checkpoints_are_found(log: KeptLog) -> None:
    await log.tamper("DELETE FROM checkpoints WHERE size = 400")
    assert await log.check_from_outside() == ["the log has no checkpoint 400 of kept.txt"]

    await log.tamper("TRUNCATE checkpoints")
    assert (await log.check(key=log.key)).problems == []
    assert await log.check_from_outside() == [f"the log has no checkpoint {size} of kept.txt" for size in SIZES]


async def test_a_log_signed_again_with_another_key_is_found(log: KeptLog) -> None:
    """Even if the attacker has the master key, so that the database agrees with itself."""
    forged = SigningKey.generate()
    for size, note in zip(SIZES, log.notes, strict=True):
        root = next(iter(await roots(log, size)))
        assert log.sign(size, root) == note
        await log.tamper(f"UPDATE checkpoints SET note = '{log.sign(size, root, forged)}' WHERE size = {size}")
    await log.tamper(f"UPDATE log_keys SET public_key = '\\x{forged.public_bytes.hex()}'")

    assert (await check_log(database=log.database)()).problems == []
    problems = await log.check_from_outside()
    assert problems[0].startswith("log_keys has the key elcorp.na/audit+")
    assert [problem for problem in problems if "does not verify" in problem] == [
        f"the note of checkpoint {size} does not verify: no valid signature by elcorp.na/audit" for size in SIZES
    ]


async def roots(log: KeptLog, size: int) -> list[bytes]:
    async with log.database.read() as connection:
        rows = await connection.exec_driver_sql("SELECT root_hash FROM checkpoints WHERE size = %s", (size,))
        return [bytes(root) for (root,) in rows]


async def test_a_log_that_was_set_back_is_found(log: KeptLog) -> None:
    """A restored backup agrees with itself; only the notes of later checkpoints contradict it."""
    await log.tamper(*SET_BACK)
    await log.rehash()
    assert (await log.check(key=log.key)).problems == []

    assert await log.check_from_outside() == ["checkpoint 600 of kept.txt is larger than the log, which has 400 entries"]


async def test_a_log_that_goes_on_differently_is_found(log: KeptLog) -> None:
    """After a restored backup the log grows again, and the same key signs another history."""
    await log.tamper(*SET_BACK)
    await log.rehash()
    await log.grow(200)
    await log.grow(100)
    assert (await log.check(key=log.key)).problems == []

    assert await log.check_from_outside() == [
        "checkpoint 600 and checkpoint 600 of kept.txt are signed and have different root hashes",
        "checkpoint 600 of kept.txt has another root hash than the log",
    ]


async def test_exchanged_entries_are_named_by_their_node(log: KeptLog) -> None:
    await log.tamper(*EXCHANGED)

    assert await log.check_from_outside() == [
        *(f"{name} has another root hash than the log" for size in (400, 600) for name in named(size)),
        f"{NARROWED}; by their node among entries 256 to 399",
        "node 8/1 is missing or does not match its entries, 256 to 511; it matches if entries 300 and 301 are exchanged",
        "the head has 600 entries and other hashes than the leaves, at first for entries 0 to 511",
    ]


async def test_a_change_with_all_its_hashes_is_narrowed_down_by_checkpoints(log: KeptLog) -> None:
    await log.tamper(*EXCHANGED)
    await log.rehash()

    assert await log.check_from_outside() == [
        *(f"{name} has another root hash than the log" for size in (400, 600) for name in named(size)),
        NARROWED,
    ]


def named(size: int) -> tuple[str, str]:
    return f"checkpoint {size}", f"checkpoint {size} of kept.txt"


async def test_kept_texts_that_are_no_checkpoints_of_the_log_are_named(log: KeptLog) -> None:
    forged = log.sign(600, bytes(32), SigningKey.generate())

    assert await log.check_from_outside("\0\ufffd garbage", forged, log.notes[0]) == [
        "the note of kept.txt does not verify: no signatures",
        "the note of kept.txt does not verify: no valid signature by elcorp.na/audit",
    ]


async def test_the_sealed_key_must_belong_to_the_public_key(log: KeptLog) -> None:
    unchecked = (await check_log(database=log.database)(key=log.key)).unchecked
    assert any("sealed signing key" in what for what in unchecked)
    finding = await log.check(key=log.key)
    assert (finding.problems, [what for what in finding.unchecked if "sealed" in what]) == ([], [])
    (wrong,) = (await check_log(database=log.database, master_keys=(bytes(32),))(key=log.key)).problems
    assert wrong == "the sealed key of elcorp.na/audit cannot be opened with this master key"
    # The key of an earlier master key still opens during its replacement.
    both = check_log(database=log.database, master_keys=(bytes(32), MASTER_KEY))
    assert (await both(key=log.key)).problems == []

    sealed = Sealer(MASTER_KEY).seal(bytes(SigningKey.generate()), field_context("log_keys", "sealed_seed", log.key.name))
    await log.tamper(f"UPDATE log_keys SET sealed_seed = '\\x{sealed.hex()}'")
    assert await log.check_from_outside() == ["the sealed key of elcorp.na/audit does not belong to its public key"]
