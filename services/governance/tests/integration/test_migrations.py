"""The previous release keeps working under the migrations of this one."""

from pathlib import Path

from chassis.testing.databases import Databases
from chassis.testing.releases import contractions
from governance.bootstrap import SERVICE

# The first migration since the last release.
SINCE = "0004"


async def test_migrations_only_add(databases: Databases, tmp_path: Path) -> None:
    assert await contractions(databases, "governance", SERVICE.migrations, since=SINCE, folder=tmp_path / "earlier") == []
