"""The ledger's check, computed by the database on one snapshot."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from chassis.persistence.database import Database
from payments.application.ledger.views import CheckRound, CurrencySum
from payments.application.ports.ledger import Break

# One SQL statement is one snapshot, so an account's balance and postings are consistent without a lock. Postings of an account
# are written under its lock, so those after its mark are exactly the new ones.
_DERIVE = text(
    """
    WITH moved AS (
        SELECT a.id, a.currency, a.version, a.balance, a.held, coalesce(m.sequence, 0) AS sequence,
               coalesce(m.balance, 0) AS marked
        FROM accounts a LEFT JOIN ledger_marks m ON m.account_id = a.id
        WHERE (coalesce(m.version, 0), coalesce(m.balance, 0), coalesce(m.held, 0)) <> (a.version, a.balance, a.held)
        LIMIT :accounts
    ), derived AS (
        SELECT moved.*, moved.marked + fresh.total AS derived, coalesce(fresh.newest, moved.sequence) AS newest
        FROM moved CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount), 0) AS total, max(sequence) AS newest
            FROM postings WHERE account_id = moved.id AND sequence > moved.sequence
        ) fresh
    ), marked AS (
        INSERT INTO ledger_marks (account_id, version, sequence, balance, held, checked_at)
        SELECT id, version, newest, derived, held, :at FROM derived WHERE derived = balance
        ON CONFLICT (account_id) DO UPDATE SET
            version = excluded.version, sequence = excluded.sequence, balance = excluded.balance, held = excluded.held,
            checked_at = excluded.checked_at
    )
    SELECT d.id, d.currency, d.balance, d.derived, coalesce(p.balance_after, 0) AS chained, d.held,
           (SELECT coalesce(sum(t.held), 0) FROM transfers t
            WHERE t.source_id = d.id AND t.status IN ('pending', 'pending_approval')) AS on_hold
    FROM derived d LEFT JOIN postings p ON p.sequence = d.newest
    """
)
_SUMS = text("SELECT currency, sum(balance) AS total FROM accounts GROUP BY currency ORDER BY currency")


class SqlLedgerCheck:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def derive(self, *, accounts_max: int, at: datetime) -> CheckRound:
        async with self._database.engine.begin() as connection:
            rows = (await connection.execute(_DERIVE, {"accounts": accounts_max, "at": at})).all()
        breaks = [found for row in rows for found in _breaks(row)]
        return CheckRound(len(rows), breaks)

    async def sums(self) -> Sequence[CurrencySum]:
        async with self._database.read() as connection:
            return [CurrencySum(*row) for row in await connection.execute(_SUMS)]


def _breaks(row: Any) -> list[Break]:
    account_id, currency, balance, derived, chained, held, on_hold = row
    checks: list[tuple[str, Decimal, Decimal]] = [
        ("balance", derived, balance),
        ("chain", derived, chained),
        ("held", on_hold, held),
    ]
    return [
        Break(account_id=account_id, currency=currency, what=what, expected=expected, found=found)
        for what, expected, found in checks
        if found != expected
    ]
