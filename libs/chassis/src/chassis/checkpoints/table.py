"""The table `heard_checkpoints`, which every service has."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from chassis.checkpoints.received import Received
from chassis.persistence.database import Database

# One origin is stored, so its newest checkpoint is the last in the primary key.
_NEWEST = text("SELECT origin, size, root_hash, note, signed_at FROM heard_checkpoints ORDER BY origin DESC, size DESC LIMIT 1")
_KEEP = text(
    "INSERT INTO heard_checkpoints (origin, size, root_hash, note, signed_at)"
    " VALUES (:origin, :size, :root_hash, :note, :signed_at) ON CONFLICT DO NOTHING"
)
_NOTES = text(
    """
    SELECT note FROM (
        SELECT origin, size, note, heard_at FROM heard_checkpoints
        WHERE cast(:since AS timestamptz) IS NULL OR heard_at >= :since
        ORDER BY origin DESC, size DESC LIMIT :limit
    ) AS newest ORDER BY size, heard_at
    """
)


class CheckpointTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> Received | None:
        """Return the largest checkpoint that was kept."""
        async with self._database.read() as connection:
            row = (await connection.execute(_NEWEST)).one_or_none()
        return Received(row.origin, row.size, bytes(row.root_hash), row.note, row.signed_at) if row else None

    async def keep(self, checkpoints: Sequence[Received]) -> None:
        """Store checkpoints, all or none. One that is stored already stays as it is."""
        rows = [
            {"origin": it.origin, "size": it.size, "root_hash": it.root_hash, "note": it.note, "signed_at": it.signed_at}
            for it in checkpoints
        ]
        async with self._database.engine.begin() as connection:
            await connection.execute(_KEEP, rows)

    async def notes(self, *, since: datetime | None, limit: int) -> list[str]:
        """Return the notes of the largest checkpoints, smallest first."""
        async with self._database.read() as connection:
            return list((await connection.execute(_NOTES, {"since": since, "limit": limit})).scalars())
