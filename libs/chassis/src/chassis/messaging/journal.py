"""The journal of audit facts: the relay that leads numbers the committed facts without gaps, in the order of their positions.

A fact that is committed late gets a later number: positions have gaps and are not in the order of commits, numbers are. Each
number has a chain over all facts up to it. A journal that was set back or rewritten contradicts an earlier chain, and compliance
keeps chains (docs/adr/0030-a-journal-of-audit-facts.md).

`kill -9` is safe at any point: numbers are written in one statement. If two relays believe that they lead, the primary key
refuses the numbers of the second, which reads again.
"""

import asyncio
from itertools import accumulate
from typing import LiteralString, NamedTuple

import structlog
from prometheus_client import Counter
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation

from chassis.messaging.fact_digest import chain_of
from chassis.messaging.low_water import LowWater

PAGE_ROWS = 500
# The pause after a page that was not full. Compliance asks every half minute.
PAUSE_SECONDS = 1.0
IDLE_SECONDS = 3.0

# The condition on both tables lets the plan begin at the mark in both, whichever join it chooses.
_UNNUMBERED: LiteralString = """
FROM (SELECT %s::bigint AS mark) AS given, audit_journal AS journal
WHERE journal.position > given.mark AND NOT EXISTS (
    SELECT FROM audit_journal_numbers AS numbers
    WHERE numbers.position = journal.position AND numbers.position > given.mark
) ORDER BY journal.position
"""
_FIRST = f"SELECT (SELECT journal.position {_UNNUMBERED} LIMIT 1)"
_FETCH = f"SELECT journal.position, uuid_send(journal.fact_id) || journal.digest AS fact {_UNNUMBERED} LIMIT %s"
_LAST = "SELECT number, chain, low_water FROM audit_journal_numbers ORDER BY number DESC LIMIT 1"
# Flushed to disk, unlike the rest of the relay's work: compliance remembers numbers, and a crash must not give them to others.
_NUMBER = """
INSERT INTO audit_journal_numbers (number, position, chain, low_water)
SELECT %s + place, position, substr(%s, 32 * place::integer - 31, 32), %s
FROM (SELECT set_config('synchronous_commit', 'on', true)) AS durable,
     unnest(%s::bigint[]) WITH ORDINALITY AS numbered (position, place)
"""

NUMBERED = Counter("journal_numbered", "Audit facts that the journal has numbered.")

log = structlog.get_logger()


class _Last(NamedTuple):
    """The last number, its chain, and the mark at that time."""

    number: int
    chain: bytes
    low_water: int


class Journal:
    """Numbers one service's facts. Make one per relay, with a connection in autocommit mode."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.low_water = LowWater(connection, _FIRST)

    async def run(self) -> None:
        """Number facts soon after their commit, and never return."""
        while True:
            try:
                numbered = await self.number()
            except UniqueViolation as error:
                # The next page begins at the last number of the other relay.
                log.warning("journal_numbered_by_another_relay", reason=str(error.diag.message_detail))
                numbered = 0
            if numbered < PAGE_ROWS:
                await asyncio.sleep(PAUSE_SECONDS if numbered else IDLE_SECONDS)

    async def number(self, *, limit: int = PAGE_ROWS) -> int:
        """Number the next facts; return how many. Raises UniqueViolation if another relay has numbered meanwhile."""
        last = await self._last()
        self.low_water.mark = max(self.low_water.mark, last.low_water)
        if self.low_water.due:
            await self.low_water.advance()
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(_FETCH, (self.low_water.mark, limit))
            rows: list[tuple[int, bytes]] = await cursor.fetchall()
        if not rows:
            return 0
        positions, facts = zip(*rows, strict=True)
        chains = list(accumulate(facts, chain_of, initial=last.chain))[1:]
        # As text: psycopg takes longer to write a list of numbers.
        array = "{" + ",".join(map(str, positions)) + "}"
        await self._connection.execute(_NUMBER, (last.number, b"".join(chains), self.low_water.mark, array))
        self.low_water.saw(positions[-1])
        NUMBERED.inc(len(rows))
        return len(rows)

    async def _last(self) -> _Last:
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(_LAST)
            row = await cursor.fetchone()
        return _Last(*row) if row else _Last(0, b"", 0)
