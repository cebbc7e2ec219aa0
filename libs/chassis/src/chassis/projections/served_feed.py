"""The producer's side: reads a table in the order of its last changes.

`chassis.projections.schema.feed_of` gives the table the column `changed_in`: the transaction that changed the row last.
Transactions do not commit in the order of their ids. So a round begins again at the oldest transaction that was in progress when
the round before it began: everything below had ended then, and could be seen.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from chassis.persistence.database import Database
from kernel.feeds import FEED_PAGE_MAX, FeedPage

_NIL: Final = UUID(int=0)
# A history ends when a backup is restored or a standby is promoted: the system or the timeline is another one, and transactions
# that were announced may be gone.
_HEAD = """
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '-'
               || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS history,
           pg_snapshot_xmin(pg_current_snapshot())::text AS horizon
"""
# One statement, so that the horizon and the rows are of one snapshot.
_PAGE = """
    SELECT head.history, head.horizon, page.* FROM ({head}) AS head LEFT JOIN LATERAL (
        SELECT {key} AS feed_key, changed_in::text AS feed_change, {columns} FROM {table}
        WHERE (changed_in, {key}) > (cast(:change AS xid8), cast(:key AS uuid)) ORDER BY changed_in, {key} LIMIT :limit
    ) AS page ON head.history = :history OR :history = ''
    ORDER BY cast(page.feed_change AS xid8), page.feed_key
"""


@dataclass(frozen=True, slots=True)
class _Cursor:
    history: str
    change: int
    key: UUID

    @classmethod
    def parse(cls, given: str) -> "_Cursor":
        """Read a cursor. One of another form, as of another release, belongs to no history, so that the copy begins again."""
        if not given:
            return cls("", 0, _NIL)
        try:
            history, change, key = given.split(":")
            return cls(history or "?", int(change), UUID(key))
        except ValueError:
            return cls("?", 0, _NIL)

    def __str__(self) -> str:
        return f"{self.history}:{self.change}:{self.key}"


class SqlFeed:
    """The feed of one table, whose key is a UUID. `columns` are what the copy gets, as SQL; names are the service's own."""

    def __init__(self, database: Database, table: str, *, key: str, columns: str) -> None:
        self._database = database
        self._query = text(_PAGE.format(head=_HEAD, table=table, key=key, columns=columns))

    async def page(self, cursor: str, *, limit: int = FEED_PAGE_MAX) -> FeedPage[Row[Any]]:
        """Return the rows after a cursor, at most `limit`."""
        after = _Cursor.parse(cursor)
        parameters = {"history": after.history, "change": str(after.change), "key": after.key, "limit": limit}
        async with self._database.read() as connection:
            found = (await connection.execute(self._query, parameters)).all()
        head, rows = found[0], [row for row in found if row.feed_key]
        if after.history not in {"", head.history}:
            return FeedPage([], "", "", is_last=False, is_reset=True)
        last = _Cursor(head.history, int(rows[-1].feed_change), rows[-1].feed_key) if rows else after
        restart = _Cursor(head.history, int(head.horizon), _NIL)
        # A row that changes again moves behind the reader. So a round ends where nothing follows, and no earlier.
        return FeedPage(rows, str(last) if last.history else "", str(restart), is_last=len(rows) < limit)
