"""The low-water mark of a table that is read in the order of its positions: no row at or below the mark will ever be found.

A query that begins at the mark does not walk the index entries of rows that were deleted, or done with, long ago. PostgreSQL
keeps those entries for as long as any transaction could see the rows.

Positions are assigned before commit, so "position > last" alone would lose rows. A mark is safe when every transaction that was
assigned a position up to it has ended. Such a transaction had its transaction id before its position (see the INSERT in
`chassis/persistence/outbox.py`). So take a position C that was seen in a committed row, and after that a transaction id X: a
transaction with a position up to C has an id below X. Once no transaction below X is in progress, all of its rows can be seen.
(The end of a snapshot, its xmax, is no such X: transactions in progress can have larger ids.)
"""

from typing import Any, LiteralString

from psycopg import AsyncConnection

# How many positions may pass before the mark follows. An advance costs a round trip; a fetch walks what lies behind the mark.
STEP = 500
_NEW_TRANSACTION = "SELECT pg_current_xact_id()::text::bigint"


class LowWater:
    """The mark of one table, in the memory of the process that leads. It begins at 0, so the first query walks everything.

    `first_waiting` selects the smallest position that is larger than its one parameter and has work left to do, or NULL. The
    connection must be in autocommit mode: each statement needs its own snapshot.
    """

    def __init__(self, connection: AsyncConnection, first_waiting: LiteralString) -> None:
        self._connection = connection
        # One snapshot for both: the oldest transaction in progress, and the first row that can be seen beside it.
        self._look: LiteralString = f"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, ({first_waiting})"
        self._first = first_waiting
        self._seen = 0
        self._tried = 0
        self._candidate: tuple[int, int] | None = None
        self._candidate_is_new = False
        self.mark = 0

    def saw(self, position: int) -> None:
        """Take note of the position of a committed row."""
        self._seen = max(self._seen, position)

    @property
    def due(self) -> bool:
        """Whether `advance` is worth its round trip."""
        return self._candidate_is_new or self._seen - self._tried >= STEP

    async def advance(self) -> None:
        """Choose a candidate, or raise the mark to it in a later call. A transaction that stays open holds the mark back."""
        self._tried, self._candidate_is_new = self._seen, False
        if self._candidate is None:
            candidate = self._seen
            (transaction,) = await self._row(_NEW_TRANSACTION)
            self._candidate, self._candidate_is_new = (candidate, transaction), True
            return
        (candidate, transaction), mark = self._candidate, self.mark
        oldest, first = await self._row(self._look, mark)
        # `check` may have lowered the mark meanwhile.
        if oldest >= transaction and self.mark == mark:
            self.mark = candidate if first is None else min(candidate, first - 1)
            self._candidate = None

    async def check(self) -> int | None:
        """Look for a row at or below the mark; lower the mark to it and return its position. This walks the whole index.

        There is no such row, unless its writer was assigned the position before the transaction id, as in earlier releases.
        """
        mark = self.mark
        (first,) = await self._row(self._first, 0)
        if first is None or first > mark:
            return None
        self.mark = min(self.mark, first - 1)
        return int(first)

    async def _row(self, query: LiteralString, *parameters: int) -> tuple[Any, ...]:
        row = await (await self._connection.execute(query, parameters)).fetchone()
        if row is None:
            raise RuntimeError("a query without FROM must return one row")
        return row
