"""Migrations that are incompatible with the previous release are detected."""

from pathlib import Path

from chassis.testing.databases import Databases
from chassis.testing.releases import contractions

FIRST = "CREATE TABLE doors (id uuid PRIMARY KEY, name text, width integer, height integer NOT NULL)"
LATER = """
ALTER TABLE doors DROP COLUMN name, ALTER COLUMN width SET NOT NULL, ALTER COLUMN height TYPE bigint,
    ADD COLUMN colour text NOT NULL, ADD COLUMN material text, ADD COLUMN is_open boolean NOT NULL DEFAULT false;
CREATE TABLE keys (id uuid PRIMARY KEY, bits text NOT NULL)
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
        "doors.colour is required",
        "doors.height was ['integer', False, False] and is ['bigint', False, False]",
        "doors.name was removed",
        "doors.width was ['integer', True, False] and is ['integer', False, False]",
    ]
