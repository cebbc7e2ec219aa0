"""What the database holds of policies, whatever a process does: as the runtime role, in SQL."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.persistence.database import Database
from services.governance.tests.stored import rows

CHANGE = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
ASK = f"""
INSERT INTO policy_changes (id, reason, status, asked_by, asked_at, report)
    VALUES ('{CHANGE}', 'test', 'asked', 'anna', now(), '{{}}');
INSERT INTO policy_change_items (change_id, policy, version, mode) VALUES ('{CHANGE}', 'business-hours', 1, 'enforced');
INSERT INTO policy_bundles (version, id, policies, schema, digest, published_by, published_at)
    VALUES (1, gen_random_uuid(), '', '{{}}', encode(sha256('x'), 'hex'), 'test', now());
"""
APPROVE = "UPDATE policy_changes SET status = 'approved', decided_by = 'bert', decided_at = now(), bundle_version = 1;"
PUT = "UPDATE policies SET mode = 'enforced', version_in_force = 1, mode_since = now() WHERE name = 'business-hours';"
WRITTEN_BY_BERT = """
INSERT INTO policy_versions (policy, number, cedar, sentence, digest, created_by, created_at)
    VALUES ('business-hours', 2, 'x', 'x', encode(sha256('x'), 'hex'), 'bert', now());
UPDATE policies SET latest_version = 2 WHERE name = 'business-hours';
"""
NEW_IN_FORCE = """
INSERT INTO policies
    (name, description, owner, mode, version_in_force, latest_version, revision, created_by, created_at)
    VALUES ('new', 'x', 'x', 'enforced', 1, 1, 1, 'x', now());
"""


async def execute(database: Database, statements: str) -> None:
    async with database.session() as session, session.begin():
        for statement in filter(str.strip, statements.split(";")):
            await session.execute(text(statement.replace(":", r"\:")))


async def test_what_another_person_approved_is_put_in_force(database: Database) -> None:
    await execute(database, ASK + APPROVE + PUT)
    assert await rows(database, "SELECT mode FROM policies WHERE name = 'business-hours'") == [("enforced",)]


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (PUT, "nobody has approved policy business-hours"),
        (ASK + PUT, "nobody has approved policy business-hours"),
        (ASK + APPROVE + PUT.replace("enforced", "shadow"), "nobody has approved policy business-hours"),
        (ASK + APPROVE + PUT + ";UPDATE policies SET mode = 'off', version_in_force = NULL", "nobody has approved policy"),
        (ASK + APPROVE.replace("bert", "anna"), "policy_changes_by_another"),
        (
            WRITTEN_BY_BERT + ASK.replace("'business-hours', 1", "'business-hours', 2") + APPROVE,
            "is approved by an author",
        ),
        (ASK + APPROVE + APPROVE, "is decided"),
        (ASK + "UPDATE policy_changes SET reason = 'another'", "what was asked is changed"),
        (ASK + "UPDATE policy_change_items SET mode = 'shadow'", "permission denied"),
        (ASK + "DELETE FROM policy_changes", "permission denied"),
        ("UPDATE policy_versions SET cedar = 'x'", "permission denied"),
        ("DELETE FROM policy_versions", "permission denied"),
        ("DELETE FROM policies", "permission denied"),
        (WRITTEN_BY_BERT.replace("encode(sha256('x'), 'hex')", "'0'"), "policy_versions_digest"),
        (NEW_IN_FORCE + WRITTEN_BY_BERT.replace("'business-hours', 2", "'new', 1"), "nobody has approved policy new"),
        ("UPDATE policies SET version_in_force = 7, mode = 'enforced' WHERE name = 'business-hours'", "violates check"),
    ],
)
async def test_the_database_refuses_what_nobody_approved(database: Database, statements: str, problem: str) -> None:
    before = await rows(database, "SELECT name, mode, version_in_force FROM policies ORDER BY name")
    with pytest.raises(DBAPIError, match=problem):
        await execute(database, statements)
    assert await rows(database, "SELECT name, mode, version_in_force FROM policies ORDER BY name") == before
