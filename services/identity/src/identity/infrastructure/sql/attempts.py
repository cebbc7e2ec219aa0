"""Attempts, counted by address until the audit log records them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.attempts import QUIET, WINDOW, AttemptCount, CountedAttempts
from kernel.audit import AuditFact

# The source was recorded in an earlier hour and nothing waits: the next attempt is a fact of its own again.
_ANEW: Final = "(s.waiting = 0 AND s.entered_at <= :earlier)"
_SINGLE: Final = f"({_ANEW} OR (s.waiting = 0 AND NOT s.summarised AND s.singly < :singly_max))"
# The SQL is built only from constants.
_ENTER: Final = text(
    f"""
    INSERT INTO attempt_sources AS s (source, entered_at, last_at) VALUES (:source, :at, :at)
    ON CONFLICT (source) DO UPDATE SET
        entered_at = CASE WHEN {_ANEW} THEN :at ELSE s.entered_at END,
        singly = CASE WHEN {_ANEW} THEN 1 WHEN {_SINGLE} THEN s.singly + 1 ELSE s.singly END,
        waiting = CASE WHEN {_SINGLE} THEN 0 ELSE s.waiting + :times END,
        summarised = s.summarised AND NOT {_ANEW},
        last_at = greatest(s.last_at, :at)
    RETURNING waiting
    """  # noqa: S608  # of our own text alone
)
_COUNT: Final = text(
    """
    INSERT INTO attempt_counts AS c (source, action, reason, account, attempts, first_at, last_at)
    VALUES (:source, :action, :reason, :account, :times, :at, :at)
    ON CONFLICT (source, action, reason, account) DO UPDATE SET
        attempts = c.attempts + :times, first_at = least(c.first_at, :at), last_at = greatest(c.last_at, :at)
    """
)
# Acts never wait here: this counts the acts of an account since the first one of the hour. In order of the names, or two
# transactions deadlock.
_ACT: Final = text(
    """
    INSERT INTO attempt_sources AS s (source, entered_at, last_at, singly)
    SELECT source, :at, :at, times FROM unnest(CAST(:sources AS text[]), CAST(:times AS integer[])) AS acts (source, times)
    ORDER BY source
    ON CONFLICT (source) DO UPDATE SET
        entered_at = CASE WHEN s.entered_at <= :earlier THEN :at ELSE s.entered_at END,
        singly = CASE WHEN s.entered_at <= :earlier THEN excluded.singly ELSE s.singly + excluded.singly END,
        last_at = greatest(s.last_at, :at)
    RETURNING source, singly
    """
)
_DUE: Final = text(
    """
    SELECT source FROM attempt_sources
    WHERE waiting > 0 AND (entered_at <= :earlier OR (NOT summarised AND last_at <= :quiet_since))
    ORDER BY entered_at, source LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
_COUNTS: Final = text(
    """
    SELECT source, action, reason, account, attempts, first_at, last_at
    FROM attempt_counts WHERE source = ANY(:sources) ORDER BY attempts DESC, action, reason, account
    """
)
_FORGET: Final = text("DELETE FROM attempt_counts WHERE source = ANY(:sources)")
_SETTLE: Final = text("UPDATE attempt_sources SET waiting = 0, summarised = true, entered_at = :at WHERE source = ANY(:sources)")
_PURGE: Final = text("DELETE FROM attempt_sources WHERE waiting = 0 AND entered_at < :before")


class SqlAttemptCounts:
    """Per hour, `singly_max` attempts of an address and `acts_max` acts of one kind of an account are facts of their own."""

    def __init__(self, session: AsyncSession, *, singly_max: int, acts_max: int) -> None:
        self._session = session
        self._singly_max = singly_max
        self._acts_max = acts_max

    async def count(self, source: str, fact: AuditFact, *, account: str, times: int = 1) -> bool:
        at = fact.occurred_at
        known = {"source": source, "at": at, "times": times}
        if not await self._session.scalar(_ENTER, {**known, "earlier": at - WINDOW, "singly_max": self._singly_max}):
            return False
        await self._session.execute(_COUNT, {**known, "action": fact.action, "reason": fact.reason or "", "account": account})
        return True

    async def room_for(self, acts: Mapping[tuple[str, str], int], *, at: datetime) -> Mapping[tuple[str, str], int]:
        names = {f"{account} {action}": (account, action) for account, action in acts}
        known = {"sources": list(names), "times": list(acts.values()), "at": at, "earlier": at - WINDOW}
        noted = {row.source: row.singly for row in await self._session.execute(_ACT, known)}
        return {act: max(0, self._acts_max - (noted[name] - acts[act])) for name, act in names.items()}

    async def lock_due(self, *, at: datetime, limit: int) -> Sequence[CountedAttempts]:
        known = {"earlier": at - WINDOW, "quiet_since": at - QUIET, "limit": limit}
        sources = list((await self._session.execute(_DUE, known)).scalars())
        rows = (await self._session.execute(_COUNTS, {"sources": sources})).all() if sources else []
        return [
            CountedAttempts(
                source=source,
                first_at=min(row.first_at for row in rows if row.source == source),
                last_at=max(row.last_at for row in rows if row.source == source),
                counts=tuple(
                    AttemptCount(row.action, row.reason, row.account, row.attempts) for row in rows if row.source == source
                ),
            )
            for source in sources
        ]

    async def settle(self, sources: Sequence[str], *, at: datetime) -> None:
        await self._session.execute(_FORGET, {"sources": list(sources)})
        await self._session.execute(_SETTLE, {"sources": list(sources), "at": at})

    async def purge(self, entered_before: datetime) -> int:
        result = await self._session.execute(_PURGE, {"before": entered_before})
        assert isinstance(result, CursorResult)  # noqa: S101  # what a DELETE gives; for the type checker
        return result.rowcount
