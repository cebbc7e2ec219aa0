"""A batch in two round trips: one locks and reads, the other writes and commits."""

# ruff: noqa: S608  # put together of our own constants

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.database import BY_INDEX
from chassis.persistence.json_rows import to_json_rows
from chassis.persistence.pipeline import Pipeline, Statement
from chassis.persistence.sql_reads import SqlReads
from kernel.events import Aggregate
from payments.application.ledger.views import AccountSum, TrialBalance
from payments.application.ports.ledger import LedgerSnapshot
from payments.application.ports.spending import OwnerLimits, SentQuestion
from payments.domain.account import Account
from payments.domain.limits import STANDARD_TIER, Spending
from payments.domain.transfer import Transfer
from payments.infrastructure.sql.accounts import COLUMNS, account_of
from payments.infrastructure.sql.idempotency_keys import TAKEN_BY_ANOTHER
from payments.infrastructure.sql.spending import SENT, sent_questions
from payments.infrastructure.sql.transfer_rows import (
    ADD_POSTINGS,
    ADD_TRANSFERS,
    BY_KEYS,
    READ,
    document_of,
    postings_document_of,
    transfer_of,
)

# In id order, or two opposite transfers deadlock. NO KEY: postings' foreign keys need not wait.
_LOCK_ACCOUNTS: Final = f"SELECT {COLUMNS} FROM accounts WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
# Separate statements, so that their snapshots are newer than the locks on accounts and on spending. A payer's files and
# schedules take the locks on spending too.
_ASKED: Final = "jsonb_to_recordset($1::jsonb) AS asked (initiator_id uuid, key text)"
_FIND_KEYS: Final = f"SELECT {READ} FROM {_ASKED} {BY_KEYS}"
_FIND_TAKEN: Final = f"SELECT asked.initiator_id, asked.key FROM {_ASKED} WHERE {TAKEN_BY_ANOTHER}"
# In the same order everywhere, and always after the accounts. The owner of a source never changes.
_LOCK_SPENDING: Final = """
    SELECT s.owner_id, s.currency, s.day, s.day_total, s.month, s.month_total, coalesce(t.tier, $2)
    FROM spending s LEFT JOIN customer_tiers t ON t.owner_id = s.owner_id
    WHERE (s.owner_id, s.currency) IN (SELECT a.owner_id, a.currency FROM accounts a WHERE a.id = ANY($1::uuid[]))
    ORDER BY s.owner_id, s.currency FOR NO KEY UPDATE OF s
"""
_SAVE_ACCOUNTS: Final = """
    UPDATE accounts SET balance = new.balance, version = new.version, held = new.held
    FROM jsonb_to_recordset($1::jsonb) AS new (id uuid, balance numeric, version bigint, held numeric)
    WHERE accounts.id = new.id
"""
_SAVE_SPENDING: Final = """
    UPDATE spending SET day = new.day, day_total = new.day_total, month = new.month, month_total = new.month_total
    FROM jsonb_to_recordset($1::jsonb)
        AS new (owner_id uuid, currency text, day date, day_total numeric, month date, month_total numeric)
    WHERE spending.owner_id = new.owner_id AND spending.currency = new.currency
"""
_TRIAL_BALANCE = text(
    """
    SELECT currency, code, normal_side, sum(balance) AS balance, count(*) AS accounts
    FROM accounts GROUP BY currency, code, normal_side ORDER BY currency, code NULLS LAST
    """
)
_BY_INDEX: Final = Statement(f"SELECT {BY_INDEX}", ())


class SqlLedgerRepository:
    def __init__(self, pipeline: Pipeline, written: list[Aggregate]) -> None:
        self._pipeline = pipeline
        self._written = written

    async def lock(
        self,
        account_ids: Iterable[UUID],
        keys: Iterable[tuple[UUID, str]],
        sources: Iterable[UUID],
        questions: Sequence[SentQuestion] = (),
    ) -> LedgerSnapshot:
        asked = to_json_rows([{"initiator_id": initiator, "key": key} for initiator, key in keys])
        statements = [
            _BY_INDEX,
            Statement(_LOCK_ACCOUNTS, (_array(account_ids),)),
            Statement(_LOCK_SPENDING, (_array(sources), STANDARD_TIER)),
            Statement(_FIND_KEYS, (asked,)),
            Statement(_FIND_TAKEN, (asked,)),
        ]
        if questions:
            statements.append(Statement(SENT, (sent_questions(questions),)))
        _, accounts, spendings, earlier, taken, *sent = await self._pipeline.fetch(*statements)
        found = [transfer_of(row) for row in earlier]
        return LedgerSnapshot(
            {row[0]: account_of(row) for row in accounts},
            {(transfer.order.initiator_id, transfer.order.key): transfer for transfer in found},
            {(row[0], row[1]): OwnerLimits(row[6], _spending(row)) for row in spendings},
            frozenset((row[0], row[1]) for row in taken),
            {(row[0], row[1]): row[2] for rows in sent for row in rows},
        )

    def post(self, transfers: Sequence[Transfer], accounts: Sequence[Account], spendings: Sequence[Spending]) -> None:
        self._written += transfers
        self._written += accounts
        self._queue(ADD_TRANSFERS, document_of(transfers))
        if postings := postings_document_of(transfers):
            self._queue(ADD_POSTINGS, postings)
        self._queue(_SAVE_ACCOUNTS, to_json_rows([_balance(account) for account in accounts]))
        if spendings:
            self._queue(_SAVE_SPENDING, to_json_rows([_spent(spending) for spending in spendings]))

    def _queue(self, sql: str, rows: str) -> None:
        self._pipeline.queue(Statement(sql, (rows,)))


class SqlLedgerViews(SqlReads):
    async def trial_balance(self) -> Sequence[TrialBalance]:
        sums = [AccountSum(*row) for row in await self._rows(_TRIAL_BALANCE)]
        return [TrialBalance(currency, tuple(lines)) for currency, lines in groupby(sums, key=attrgetter("currency"))]


def _array(ids: Iterable[UUID]) -> str:
    return "{" + ",".join(map(str, set(ids))) + "}"


def _balance(account: Account) -> dict[str, object]:
    return {"id": account.id, "balance": account.balance, "version": account.version, "held": account.held}


def _spending(row: Sequence[Any]) -> Spending:
    owner_id, currency, day, day_total, month, month_total, _ = row
    return Spending(owner_id=owner_id, currency=currency, day=day, day_total=day_total, month=month, month_total=month_total)


def _spent(spending: Spending) -> dict[str, object]:
    return {
        "owner_id": spending.owner_id,
        "currency": spending.currency,
        "day": spending.day,
        "day_total": spending.day_total,
        "month": spending.month,
        "month_total": spending.month_total,
    }
