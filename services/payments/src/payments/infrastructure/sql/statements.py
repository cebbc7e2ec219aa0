"""Statements: a binary search finds the start of the period, then only its own lines are read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.sql_reads import SqlReads
from payments.domain.statement import Statement, StatementLine

# One SQL statement is one snapshot: later postings are in neither the balance nor the lines.
_STATEMENT = text(
    """
    WITH period AS (
        SELECT last_sequence_before(:account, :since) AS opening, last_sequence_before(:account, :until) AS closing
    )
    SELECT coalesce((SELECT balance_after FROM postings WHERE sequence = period.opening), 0) AS opening, lines.*
    FROM period LEFT JOIN LATERAL (
        SELECT p.sequence, p.posted_at, p.transfer_id, t.kind, p.counterparty_id, t.reference, t.description, p.amount,
               p.balance_after
        FROM postings p JOIN transfers t ON t.id = p.transfer_id
        WHERE p.account_id = :account AND p.sequence > period.opening AND p.sequence <= period.closing
        ORDER BY p.sequence LIMIT :lines
    ) lines ON true ORDER BY lines.sequence
    """
)


class SqlStatementViews(SqlReads):
    async def statement(
        self, account_id: UUID, currency: str, *, since: datetime, until: datetime, lines_max: int
    ) -> Statement | None:
        rows = await self._rows(_STATEMENT, account=account_id, since=since, until=until, lines=lines_max + 1)
        lines = [StatementLine(*row[1:]) for row in rows if row.sequence is not None]
        if len(lines) > lines_max:
            return None
        return Statement(account_id=account_id, currency=currency, since=since, until=until, opening=rows[0].opening, lines=lines)
