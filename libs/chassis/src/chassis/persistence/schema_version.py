"""The schema that this release expects. It does not use Alembic, which costs 6 MB per process and only `migrate` needs."""

import re
from pathlib import Path

from sqlalchemy import text

from chassis.persistence.database import Database

_REVISION = re.compile(r"""^revision(?:\s*:\s*str)?\s*=\s*["']([^"']+)["']""", re.MULTILINE)


class NoRevisionsError(Exception):
    """The migrations folder contains no revision."""


def head(versions: Path) -> str:
    """Return the newest revision in a folder; names are in order (0001, 0002, …). Raises NoRevisionsError."""
    revisions = [match[1] for file in versions.glob("*.py") if (match := _REVISION.search(file.read_text()))]
    if not revisions:
        raise NoRevisionsError(versions)
    return max(revisions)


async def at_head(database: Database, versions: Path) -> bool:
    """Return whether the schema is the one this release expects, or newer: columns are removed only in a later release."""
    async with database.read() as connection:
        if not await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
            return False
        current = await connection.scalar(text("SELECT max(version_num) FROM alembic_version"))
    return current is not None and str(current) >= head(versions)
