"""Migrations that are incompatible with the previous release are detected."""

from pathlib import Path

from chassis.testing.databases import Databases
from chassis.testing.releases import contractions

FIRST = """
CREATE TABLE doors (id uuid PRIMARY KEY, name text, width integer, height integer NOT NULL);
CREATE TABLE locks (position bigint GENERATED ALWAYS AS IDENTITY, id uuid PRIMARY KEY, door_id uuid NOT NULL);
CREATE FUNCTION lock_all() RETURNS void LANGUAGE sql AS 'SELECT';
REVOKE EXECUTE ON FUNCTION lock_all() FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON doors, locks TO test_doors_app;
GRANT EXECUTE ON FUNCTION lock_all() TO test_doors_app;
"""
LATER = """
ALTER TABLE doors DROP COLUMN name, ALTER COLUMN width SET NOT NULL, ALTER COLUMN height TYPE bigint,
    ADD COLUMN colour text NOT NULL, ADD COLUMN material text, ADD COLUMN is_open boolean NOT NULL DEFAULT false;
CREATE TABLE keys (id uuid PRIMARY KEY, bits text NOT NULL);
REVOKE DELETE ON doors FROM test_doors_app;
REVOKE INSERT ON locks FROM test_doors_app;
-- An identity column needs no right.
GRANT INSERT (id) ON locks TO test_doors_app;
REVOKE EXECUTE ON FUNCTION lock_all() FROM test_doors_app
"""


TEXT = """from alembic import op

revision = "{name}"
down_revision = {earlier!r}


def upgrade():
    op.execute('''{statements}''')
"""


async def test_restrictions_are_reported_and_additions_are_not(databases: Databases, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "0001.py").write_text(TEXT.format(name="0001", earlier=None, statements=FIRST))
    (versions / "0002.py").write_text(TEXT.format(name="0002", earlier="0001", statements=LATER))
    assert await contractions(databases, "doors", versions, since="0002", folder=tmp_path / "earlier") == [
        "DELETE on doors was taken",
        "EXECUTE on lock_all() was taken",
        "INSERT on locks.door_id was taken",
        "doors.colour is required",
        "doors.height was ['integer', False, False] and is ['bigint', False, False]",
        "doors.name was removed",
        "doors.width was ['integer', True, False] and is ['integer', False, False]",
    ]
