"""Verification of the whole ledger from its first posting. Each rule is a query for the rows that break it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from chassis.persistence.connections import answers_within
from chassis.persistence.database import Database
from payments.application.ledger.views import Finding

SHOWN_MAX: Final = 20
# A rule reads every posting of a ledger.
RULE_SECONDS_MAX: Final = 3600


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    broken_by: str


RULES: Final = (
    Rule(
        "every currency sums to zero",
        "SELECT currency, sum(balance) FROM accounts GROUP BY currency HAVING sum(balance) <> 0",
    ),
    Rule(
        "every entry balances in every currency",
        "SELECT transfer_id, currency, sum(amount) FROM postings GROUP BY transfer_id, currency HAVING sum(amount) <> 0",
    ),
    Rule(
        "every balance is the sum of its postings",
        """
        SELECT a.id, a.balance, coalesce(p.total, 0)
        FROM accounts a LEFT JOIN (SELECT account_id, sum(amount) AS total FROM postings GROUP BY account_id) p
            ON p.account_id = a.id
        WHERE a.balance <> coalesce(p.total, 0)
        """,
    ),
    Rule(
        "every posting records the balance that it left",
        """
        SELECT account_id, sequence, balance_after FROM (
            SELECT account_id, sequence, balance_after, sum(amount) OVER (PARTITION BY account_id ORDER BY sequence) AS running
            FROM postings
        ) chained WHERE balance_after <> running
        """,
    ),
    Rule(
        "postings are in their account's currency",
        "SELECT p.sequence FROM postings p JOIN accounts a ON a.id = p.account_id WHERE p.currency <> a.currency",
    ),
    Rule(
        "exactly the settled transfers have postings",
        """
        SELECT t.id, t.status FROM transfers t LEFT JOIN (SELECT DISTINCT transfer_id FROM postings) p ON p.transfer_id = t.id
        WHERE (t.status IN ('completed', 'reversed')) <> (p.transfer_id IS NOT NULL)
        """,
    ),
    Rule(
        "held amounts are the holds of open transfers",
        """
        SELECT a.id, a.held, coalesce(t.total, 0) FROM accounts a LEFT JOIN (
            SELECT source_id, sum(held) AS total FROM transfers WHERE status IN ('pending', 'pending_approval') GROUP BY source_id
        ) t ON t.source_id = a.id
        WHERE a.held <> coalesce(t.total, 0)
        """,
    ),
    Rule(
        "refunded amounts are the sums of their refunds",
        """
        SELECT t.id, t.refunded, coalesce(r.total, 0) FROM transfers t LEFT JOIN (
            SELECT parent_id, sum(amount) AS total FROM transfers WHERE kind = 'refund' GROUP BY parent_id
        ) r ON r.parent_id = t.id
        WHERE t.refunded <> coalesce(r.total, 0)
        """,
    ),
    Rule(
        "every reversed transfer has exactly one reversal",
        """
        SELECT t.id FROM transfers t LEFT JOIN transfers r ON r.parent_id = t.id AND r.kind = 'reversal'
        WHERE (t.status = 'reversed') <> (r.id IS NOT NULL)
        """,
    ),
    Rule(
        "no wallet is below zero or above its ceiling",
        """
        SELECT id, balance, held FROM accounts
        WHERE kind = 'wallet' AND (balance - held < 0 OR balance > coalesce(ceiling, balance))
        """,
    ),
)


class LedgerVerification:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def findings(self) -> AsyncIterator[Finding]:
        """Check one snapshot of the ledger against every rule, while transfers continue."""
        async with self._database.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            await connection.execute(text(f"SET LOCAL statement_timeout = '{RULE_SECONDS_MAX}s'"))
            for rule in RULES:
                with answers_within(RULE_SECONDS_MAX + 2):
                    rows = await connection.execute(text(f"{rule.broken_by} LIMIT {SHOWN_MAX}"))
                yield Finding(rule.name, tuple(" ".join(str(value) for value in row) for row in rows))
