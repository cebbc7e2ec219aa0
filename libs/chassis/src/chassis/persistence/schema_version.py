"""Which schema this release expects; without Alembic, which only `migrate` needs and which costs 6 MB a process."""

import re
from pathlib import Path

from sqlalchemy import text

from chassis.persistence.database import Database

_REVISION = re.compile(r"""^revision(?:\s*:\s*str)?\s*=\s*["']([^"']+)["']""", re.MULTILINE)


class NoRevisionsError(Exception):
    """The folder of migrations holds none."""


def head(versions: Path) -> str:
    """Return the newest revision in a folder; their names are in order (0001, 0002, …). Raises NoRevisionsError."""
    revisions = [match[1] for file in versions.glob("*.py") if (match := _REVISION.search(file.read_text()))]
    if not revisions:
        raise NoRevisionsError(versions)
    return max(revisions)


async def at_head(database: Database, versions: Path) -> bool:
    """Tell whether the schema is what this release's code expects (a newer head counts too: contract comes later)."""
    async with database.read() as connection:
        if not await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
            return False
        current = await connection.scalar(text("SELECT max(version_num) FROM alembic_version"))
    return current is not None and str(current) >= head(versions)
