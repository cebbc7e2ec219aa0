"""The table `projections`: how far each copy is, and which process reads the producer's feed for it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.persistence.database import Database
from chassis.projections.copied_rows import CopiedRow, CopyTable
from kernel.feeds import FeedPage

# Longer than a call to the producer may take.
LEASE_SECONDS: Final = 15

# A condition of SQL: the copy has every change that the producer committed until `seconds_max` ago. The rows that are read in the
# same statement are of the same snapshot. A time in the future is of a clock that was set back, and says nothing.
FRESH: Final = """EXISTS (
    SELECT FROM projections WHERE name = :projection
    AND complete_as_of BETWEEN clock_timestamp() - make_interval(secs => :seconds_max) AND clock_timestamp()
)"""

_ADD = text("INSERT INTO projections (name) VALUES (:name) ON CONFLICT DO NOTHING RETURNING fill")
_TAKE = text(
    """
    UPDATE projections SET leased_by = :reader, leased_until = clock_timestamp() + make_interval(secs => :seconds),
        round_began_at = coalesce(round_began_at, clock_timestamp())
    WHERE name = :name AND (
        leased_by = :reader OR leased_until IS NULL
        OR leased_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + make_interval(secs => :seconds)
    ) RETURNING fill, is_filled, cursor, restart
    """
)
_LEAVE = text("UPDATE projections SET leased_by = NULL, leased_until = NULL WHERE name = :name AND leased_by = :reader")
_HOLD = text(
    """
    SELECT FROM projections WHERE name = :name AND leased_by = :reader AND fill = :fill AND cursor = :cursor FOR UPDATE
    """
)
_TURN_PAGE = text("UPDATE projections SET cursor = :cursor, restart = :restart WHERE name = :name")
_END_ROUND = text(
    """
    UPDATE projections SET is_filled = true, cursor = :restart, restart = '', complete_as_of = round_began_at,
        round_began_at = NULL WHERE name = :name
    """
)
# The usual round of a filled copy: nothing is new. One statement, since a round is read every few seconds.
_END_QUIET_ROUND = text(
    """
    UPDATE projections SET cursor = :restart, restart = '', complete_as_of = round_began_at, round_began_at = NULL
    WHERE name = :name AND leased_by = :reader AND fill = :fill AND cursor = :cursor AND is_filled RETURNING fill
    """
)
_FILL_AGAIN = text(
    """
    UPDATE projections SET fill = fill + 1, is_filled = false, cursor = '', restart = '', round_began_at = NULL,
        complete_as_of = NULL WHERE name = :name AND fill = coalesce(:fill, fill)
    """
)
_LOOK = text(
    """
    SELECT fill, is_filled, cursor <> '' AS has_begun, extract(epoch FROM clock_timestamp() - complete_as_of) AS age_seconds
    FROM projections WHERE name = :name
    """
)
_FILL = text("SELECT fill FROM projections WHERE name = :name")


class State(StrEnum):
    EMPTY = "empty"
    FILLING = "filling"
    LIVE = "live"
    # Complete, but as of too long ago.
    BEHIND = "behind"


class Superseded(Exception):
    """Another process reads the feed by now, or the copy is filled again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to read the next page of the feed."""

    fill: int
    is_filled: bool
    cursor: str
    restart: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`age_seconds`: since when the copy is known to be complete; None if it is not filled."""

    fill: int
    is_filled: bool
    has_begun: bool
    age_seconds: float | None

    def state(self, *, seconds_max: float) -> State:
        if not self.is_filled or self.age_seconds is None:
            return State.FILLING if self.has_begun else State.EMPTY
        return State.LIVE if 0 <= self.age_seconds <= seconds_max else State.BEHIND


class StateTable:
    """The state of one copy, and its rows."""

    def __init__(self, database: Database, name: str, rows: CopyTable) -> None:
        self._database = database
        self.name = name
        self.rows = rows

    async def take_turn(self, reader: UUID) -> Turn | None:
        """Begin or continue a round. Return None while another process reads the feed."""
        asked = {"name": self.name, "reader": reader, "seconds": LEASE_SECONDS}
        async with self._database.statements() as connection:
            found = (await connection.execute(_TAKE, asked)).one_or_none()
            if found is None and (await connection.execute(_ADD, {"name": self.name})).one_or_none():
                found = (await connection.execute(_TAKE, asked)).one_or_none()
        return Turn(*found) if found else None

    async def leave(self, reader: UUID) -> None:
        """Let another process read at once."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_LEAVE, {"name": self.name, "reader": reader})

    async def record(self, reader: UUID, turn: Turn, page: FeedPage[CopiedRow]) -> None:
        """Write a page and where the next one begins, in one transaction. Raise Superseded if the turn has passed."""
        restart = turn.restart or page.restart
        if turn.is_filled and page.is_last and not page.rows:
            await self._end_quiet_round(reader, turn, restart)
            return
        async with self._database.engine.begin() as connection:
            await self._hold(connection, reader, turn)
            await self.rows.write_all(connection, page.rows, fill=turn.fill)
            position = {"name": self.name, "cursor": page.cursor, "restart": restart}
            await connection.execute(_TURN_PAGE, position)
            if page.is_last:
                if not turn.is_filled:
                    await connection.execute(self.rows.sweep, {"fill": turn.fill})
                await connection.execute(_END_ROUND, position)

    async def fill_again(self, *, fill: int | None = None) -> None:
        """Begin a new fill, unless `fill` has been followed by another one already."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_ADD, {"name": self.name})
            await connection.execute(_FILL_AGAIN, {"name": self.name, "fill": fill})

    async def apply(self, row: CopiedRow) -> None:
        """Write the row of an event, which may be late or repeated. Without a version, the feed will bring it."""
        if not row.version:
            return
        async with self._database.engine.begin() as connection:
            fill = await connection.scalar(_FILL, {"name": self.name})
            # Before the first turn there is nothing that a fill would not bring.
            if fill is not None:
                await self.rows.write_all(connection, [row], fill=fill)

    async def look(self) -> Condition:
        async with self._database.read() as connection:
            found = (await connection.execute(_LOOK, {"name": self.name})).one_or_none()
        if found is None:
            return Condition(0, is_filled=False, has_begun=False, age_seconds=None)
        age = None if found.age_seconds is None else float(found.age_seconds)
        return Condition(found.fill, is_filled=found.is_filled, has_begun=found.has_begun, age_seconds=age)

    async def count(self) -> int:
        async with self._database.read() as connection:
            return int(await connection.scalar(self.rows.count) or 0)

    async def _end_quiet_round(self, reader: UUID, turn: Turn, restart: str) -> None:
        held = {"name": self.name, "reader": reader, "fill": turn.fill, "cursor": turn.cursor, "restart": restart}
        async with self._database.statements() as connection:
            if (await connection.execute(_END_QUIET_ROUND, held)).one_or_none() is None:
                raise Superseded(self.name)

    async def _hold(self, connection: AsyncConnection, reader: UUID, turn: Turn) -> None:
        held = {"name": self.name, "reader": reader, "fill": turn.fill, "cursor": turn.cursor}
        if (await connection.execute(_HOLD, held)).one_or_none() is None:
            raise Superseded(self.name)
