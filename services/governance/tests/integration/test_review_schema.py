"""What the database holds of access reviews, whatever a process does: as the runtime role, in SQL."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.persistence.database import Database
from services.governance.tests.stored import rows

REVIEW = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a60"
ANNA = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
START = f"""
INSERT INTO access_reviews (id, title, roles, reason, deadline, started_by, started_at, administrators, line_count, status)
    VALUES ('{REVIEW}', 'First quarter', '{{}}', 'test', now() + interval '10 days', 'cora', now(), '{{}}', 2, 'running');
INSERT INTO review_lines (review_id, number, assignment_id, subject_id, role, granted_by, granted_at, managers, outcome)
    SELECT '{REVIEW}', number, gen_random_uuid(), '{ANNA}', 'staff', 'cora', now(), '{{}}', 'open'
    FROM generate_series(1, 2) AS number;
"""
KEEP = """
UPDATE review_lines SET outcome = 'kept', decided_by = 'bert', decided_at = now(), capacity = 'manager' WHERE number = 1;
"""
EXPIRE = """
UPDATE review_lines SET outcome = 'unconfirmed', decided_by = 'governance', decided_at = now(), capacity = 'deadline'
    WHERE outcome = 'open';
"""
CLOSE = "UPDATE access_reviews SET status = 'closing';"
KEY = """
INSERT INTO review_keys (id, public_key, created_at)
    SELECT left(encode(sha256(key), 'hex'), 32), key, now() FROM (SELECT sha256('key') AS key) AS made;
"""
COMPLETE = """
UPDATE access_reviews SET status = 'completed', ended_at = now(), statement = '{}',
    digest = encode(sha256('{}'), 'hex'), signature = repeat('A', 88), key_id = (SELECT id FROM review_keys);
"""
ONE_MORE = START.split(";")[1].replace("series(1, 2)", "series(3, 3)")


async def execute(database: Database, statements: str) -> None:
    async with database.session() as session, session.begin():
        for statement in filter(str.strip, statements.split(";")):
            await session.execute(text(statement.replace(":", r"\:")))


async def test_a_campaign_runs_to_its_end(database: Database) -> None:
    await execute(database, START + KEEP + CLOSE + EXPIRE + KEY + COMPLETE)
    assert await rows(database, "SELECT outcome FROM review_lines ORDER BY number") == [("kept",), ("unconfirmed",)]
    await execute(database, "UPDATE review_lines SET reason = NULL")


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        # Another campaign than the one that people were asked about.
        (START + "UPDATE access_reviews SET deadline = now() + interval '1 day'", "cannot change so"),
        (START + "UPDATE access_reviews SET roles = '{staff}'", "cannot change so"),
        (START + ONE_MORE, "takes no more lines"),
        (START + CLOSE + ONE_MORE.replace("series(3, 3)", "series(2, 2)"), "takes no more lines"),
        (START + "UPDATE review_lines SET subject_id = gen_random_uuid()", "cannot change so"),
        (START + "UPDATE review_lines SET assignment_id = gen_random_uuid()", "cannot change so"),
        (START + "UPDATE review_lines SET managers = ARRAY[gen_random_uuid()]", "cannot change so"),
        (START + "UPDATE access_reviews SET administrators = ARRAY[gen_random_uuid()]", "cannot change so"),
        (START + "DELETE FROM review_lines", "permission denied"),
        (START + "DELETE FROM access_reviews", "permission denied"),
        (START.replace("gen_random_uuid()", f"'{ANNA}'"), "review_lines_review_id_assignment_id_key"),
        # A campaign that nobody was asked about, with its report.
        (START.split(";", maxsplit=1)[0].replace("2, 'running'", "2, 'closing'"), "begins otherwise than by its start"),
        # Decisions that nobody made, or the person concerned.
        (START + KEEP.replace("bert", ANNA), "review_lines_by_another"),
        (START + "UPDATE review_lines SET outcome = 'kept'", "violates check"),
        (START + KEEP.replace("manager", "deadline"), "cannot change so"),
        (START + EXPIRE.replace("'deadline'", "'administrator'"), "violates check"),
        # Back, or after the end.
        (START + EXPIRE, "cannot change so"),
        (START + KEEP + "UPDATE review_lines SET outcome = 'open', decided_by = NULL, decided_at = NULL, capacity = NULL",
         "cannot change so"),
        (START + CLOSE + KEEP, "cannot change so"),
        (START + KEEP.replace("kept", "withdrawn") + KEEP, "cannot change so"),
        (START + KEEP + CLOSE + EXPIRE.replace("outcome = 'open'", "number = 1"), "cannot change so"),
        (START + CLOSE + "UPDATE access_reviews SET status = 'running'", "cannot change so"),
        (START + CLOSE + "UPDATE access_reviews SET status = 'cancelled', ended_at = now()", "cannot change so"),
        (START + KEEP + CLOSE + EXPIRE + KEY + COMPLETE + "UPDATE access_reviews SET statement = '[]'", "cannot change so"),
        (START + KEEP + CLOSE + EXPIRE + KEY + COMPLETE + "UPDATE review_lines SET reason = 'another'", "cannot change so"),
        # A report that is not one.
        (START + KEY + CLOSE + COMPLETE, "has open ones"),
        (START + CLOSE + EXPIRE + KEY + COMPLETE.replace("sha256('{}')", "sha256('x')"), "access_reviews_digest"),
        (START + CLOSE + EXPIRE + KEY + COMPLETE.replace(", signature = repeat('A', 88)", ""), "access_reviews_report"),
        (START + CLOSE + EXPIRE + COMPLETE, "access_reviews_report"),
        (KEY + "UPDATE review_keys SET public_key = sha256('x')", "permission denied"),
        (KEY.replace("sha256(key)", "sha256('x')"), "review_keys_id"),
    ],
)  # fmt: skip
async def test_the_database_refuses_to_change_what_was_asked_or_decided(
    database: Database, statements: str, problem: str
) -> None:
    with pytest.raises(DBAPIError, match=problem):
        await execute(database, statements)
    assert await rows(database, "SELECT FROM access_reviews") == []
