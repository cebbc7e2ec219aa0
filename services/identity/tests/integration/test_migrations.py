"""The previous release keeps running on the migrations of this release."""

from pathlib import Path

from chassis.testing.databases import Databases
from chassis.testing.releases import contractions
from services.identity.tests.assembled import VERSIONS

# The first migration since the last release.
SINCE = "0011"


async def test_migrations_only_add(databases: Databases, tmp_path: Path) -> None:
    assert await contractions(databases, "identity", VERSIONS, since=SINCE, folder=tmp_path / "earlier") == []
