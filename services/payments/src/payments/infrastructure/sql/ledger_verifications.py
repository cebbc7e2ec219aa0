"""Verification of the whole ledger from its first posting. Each rule is a query for the rows that break it.

A rule can be checked on some accounts: on those, their postings, and the transfers of which they are the source. Every transfer
and posting is checked with exactly one account.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.connections import answers_within
from chassis.persistence.database import Database
from chassis.persistence.sql_reads import SqlReads
from payments.application.ledger.views import Finding
from payments.application.ledger_verifications.check_whole_ledger import SHOWN_MAX

# A rule reads every posting of a ledger.
RULE_SECONDS_MAX: Final = 3600


_ACCOUNT: Final = re.compile(r"\bOF\(([a-z_.]+)\)")
_TRANSFER: Final = re.compile(r"\bPAID\(([a-z_.]+)\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """In the template, OF(x) is true of the accounts that are checked, and PAID(x) of the transfers that they pay."""

    name: str
    template: str
    is_of_all: bool = False

    @property
    def broken_by(self) -> str:
        """The query on the whole ledger."""
        return _TRANSFER.sub("TRUE", _ACCOUNT.sub("TRUE", self.template))

    @property
    def broken_by_some(self) -> str:
        """The query on the accounts :accounts."""
        paid = r"\1 IN (SELECT id FROM transfers WHERE source_id = ANY(:accounts))"
        return _TRANSFER.sub(paid, _ACCOUNT.sub(r"\1 = ANY(:accounts)", self.template))


RULES: Final = (
    Rule(
        "every currency sums to zero",
        "SELECT currency, sum(balance) FROM accounts GROUP BY currency HAVING sum(balance) <> 0",
        is_of_all=True,
    ),
    Rule(
        "every entry balances in every currency",
        """
        SELECT transfer_id, currency, sum(amount) FROM postings WHERE PAID(transfer_id)
        GROUP BY transfer_id, currency HAVING sum(amount) <> 0
        """,
    ),
    Rule(
        "every balance is the sum of its postings",
        """
        SELECT a.id, a.balance, coalesce(p.total, 0)
        FROM accounts a LEFT JOIN (
            SELECT account_id, sum(amount) AS total FROM postings WHERE OF(account_id) GROUP BY account_id
        ) p ON p.account_id = a.id
        WHERE OF(a.id) AND a.balance <> coalesce(p.total, 0)
        """,
    ),
    Rule(
        "every posting records the balance that it left",
        """
        SELECT account_id, sequence, balance_after FROM (
            SELECT account_id, sequence, balance_after, sum(amount) OVER (PARTITION BY account_id ORDER BY sequence) AS running
            FROM postings WHERE OF(account_id)
        ) chained WHERE balance_after <> running
        """,
    ),
    Rule(
        "postings are in their account's currency",
        """
        SELECT p.sequence FROM postings p JOIN accounts a ON a.id = p.account_id
        WHERE OF(p.account_id) AND p.currency <> a.currency
        """,
    ),
    Rule(
        "exactly the settled transfers have postings",
        """
        SELECT t.id, t.status
        FROM transfers t LEFT JOIN (SELECT DISTINCT transfer_id FROM postings WHERE PAID(transfer_id)) p ON p.transfer_id = t.id
        WHERE OF(t.source_id) AND (t.status IN ('completed', 'reversed')) <> (p.transfer_id IS NOT NULL)
        """,
    ),
    Rule(
        "held amounts are the holds of open transfers",
        """
        SELECT a.id, a.held, coalesce(t.total, 0) FROM accounts a LEFT JOIN (
            SELECT source_id, sum(held) AS total FROM transfers WHERE status IN ('pending', 'pending_approval') AND OF(source_id)
            GROUP BY source_id
        ) t ON t.source_id = a.id
        WHERE OF(a.id) AND a.held <> coalesce(t.total, 0)
        """,
    ),
    Rule(
        "refunded amounts are the sums of their refunds",
        """
        SELECT t.id, t.refunded, coalesce(r.total, 0) FROM transfers t LEFT JOIN (
            SELECT parent_id, sum(amount) AS total FROM transfers WHERE kind = 'refund' AND PAID(parent_id) GROUP BY parent_id
        ) r ON r.parent_id = t.id
        WHERE OF(t.source_id) AND t.refunded <> coalesce(r.total, 0)
        """,
    ),
    Rule(
        "every reversed transfer has exactly one reversal",
        """
        SELECT t.id FROM transfers t LEFT JOIN transfers r ON r.parent_id = t.id AND r.kind = 'reversal'
        WHERE OF(t.source_id) AND (t.status = 'reversed') <> (r.id IS NOT NULL)
        """,
    ),
    Rule(
        "no wallet is below zero or above its ceiling",
        """
        SELECT id, balance, held FROM accounts
        WHERE OF(id) AND kind = 'wallet' AND (balance - held < 0 OR balance > coalesce(ceiling, balance))
        """,
    ),
)


OF_ACCOUNTS: Final = {rule.name: rule.broken_by_some for rule in RULES if not rule.is_of_all}
OF_ALL: Final = {rule.name: rule.broken_by for rule in RULES if rule.is_of_all}
_FIRST: Final = UUID(int=0)
_COUNT: Final = text("SELECT count(*) FROM accounts")
_NEXT: Final = text("SELECT id FROM accounts WHERE id > :after ORDER BY id LIMIT :limit")


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


class SqlWholeLedger(SqlReads):
    """Each rule is one statement, and so sees one snapshot."""

    @property
    def rules(self) -> int:
        return len(RULES)

    async def count_accounts(self) -> int:
        [(accounts,)] = await self._rows(_COUNT)
        return int(accounts)

    async def accounts_after(self, account_id: UUID | None, *, limit: int) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_NEXT, after=account_id or _FIRST, limit=limit)]

    async def check_accounts(self, account_ids: Sequence[UUID]) -> Sequence[Finding]:
        return await self._check(OF_ACCOUNTS, accounts=list(account_ids))

    async def check_sums(self) -> Sequence[Finding]:
        return await self._check(OF_ALL)

    async def _check(self, queries: Mapping[str, str], **parameters: object) -> Sequence[Finding]:
        async with self._database.engine.connect() as connection:
            await connection.execute(text(f"SET LOCAL statement_timeout = '{RULE_SECONDS_MAX}s'"))
            found = []
            for rule, query in queries.items():
                with answers_within(RULE_SECONDS_MAX + 2):
                    rows = (await connection.execute(text(f"{query} LIMIT {SHOWN_MAX}"), parameters)).all()
                found.append(Finding(rule, tuple(" ".join(str(value) for value in row) for row in rows)))
        return [finding for finding in found if finding.broken]
