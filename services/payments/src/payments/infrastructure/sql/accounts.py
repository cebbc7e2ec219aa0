"""Ledger accounts and their postings in hand-written SQL: the number of statements does not depend on the batch's size."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from kernel.events import Aggregate
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest
from payments.application.accounts.views import AccountFilter, AccountView, PostingView
from payments.domain.account import Account, AccountKind, AccountStatus, WalletUsage

# ruff: noqa: S608  # put together of our own constants
COLUMNS = (
    "id, kind, owner_id, currency, balance, version, opened_at, held, status, status_reason, ceiling, name, closed_at, usage,"
    " organization_id"
)
# In id order, or two opposite transfers deadlock. NO KEY: postings' foreign keys need not wait.
_LOCK = text(f"SELECT {COLUMNS} FROM accounts WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
_SAVE = text(
    """
    UPDATE accounts SET balance = new.balance, version = new.version, held = new.held
    FROM unnest(cast(:ids AS uuid[]), cast(:balances AS numeric[]), cast(:versions AS bigint[]), cast(:helds AS numeric[]))
        AS new (id, balance, version, held)
    WHERE accounts.id = new.id
    """
)
_SAVE_STATE = text(
    """
    UPDATE accounts
    SET status = :status, status_reason = :status_reason, ceiling = :ceiling, name = :name, closed_at = :closed_at,
        usage = :usage, version = :version
    WHERE id = :id
    """
)

_LOOKUP = text(f"SELECT {COLUMNS} FROM accounts WHERE id = ANY(:ids)")
_VIEW_COLUMNS = """
    id, kind, code, owner_id, currency, normal_side, balance, held, status, status_reason, ceiling, version, opened_at
"""
_VIEW = text(f"SELECT {_VIEW_COLUMNS} FROM accounts WHERE id = :id")
_FILTERS = ("kind", "status", "currency", "owner_id")
_POSTINGS = text(
    """
    SELECT p.sequence, p.transfer_id, p.counterparty_id, p.amount, p.currency, p.balance_after, t.description, p.posted_at
    FROM postings p JOIN transfers t ON t.id = p.transfer_id
    WHERE p.account_id = :account AND p.sequence < :before ORDER BY p.sequence DESC LIMIT :limit
    """
)
_SEQUENCE: Final = attrgetter("sequence")
_BALANCE_AT = text("SELECT balance_after FROM postings WHERE sequence = last_sequence_before(:account, :instant)")
_OWNERS = text("SELECT owner_id FROM accounts WHERE id = ANY(:ids) AND owner_id IS NOT NULL")


class SqlAccountRepository:
    def __init__(self, session: AsyncSession, written: list[Aggregate]) -> None:
        self._session = session
        self._written = written

    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        rows = await self._session.execute(_LOCK, {"ids": list(set(account_ids))})
        return {row[0]: account_of(row) for row in rows}

    async def save(self, accounts: Sequence[Account]) -> None:
        self._written += accounts
        await self._session.execute(
            _SAVE,
            {
                "ids": [account.id for account in accounts],
                "balances": [account.balance for account in accounts],
                "versions": [account.version for account in accounts],
                "helds": [account.held for account in accounts],
            },
        )

    async def save_state(self, account: Account) -> None:
        self._written.append(account)
        await self._session.execute(
            _SAVE_STATE,
            {
                "id": account.id,
                "status": account.status,
                "status_reason": account.status_reason,
                "ceiling": account.ceiling,
                "name": account.name,
                "closed_at": account.closed_at,
                "usage": account.usage,
                "version": account.version,
            },
        )


def account_of(row: Any) -> Account:
    id_, kind, owner_id, currency, balance, version, opened_at, held, status, reason, ceiling, name, closed_at, usage, *rest = row
    return Account(
        id_,
        AccountKind(kind),
        owner_id,
        currency,
        balance,
        version,
        opened_at,
        held,
        AccountStatus(status),
        reason,
        ceiling,
        name,
        closed_at,
        WalletUsage(usage),
        *rest,
    )


class SqlAccountLookup(SqlReads):
    async def of(self, wallet_ids: Sequence[UUID]) -> dict[UUID, Account]:
        rows = await self._rows(_LOOKUP, ids=list(wallet_ids))
        return {row[0]: account_of(row) for row in rows}


class SqlAccountViews(SqlReads):
    async def find(self, account_id: UUID) -> AccountView | None:
        rows = await self._rows(_VIEW, id=account_id)
        return AccountView(*rows[0]) if rows else None

    async def search(self, wanted: AccountFilter, page: PageRequest) -> Page[AccountView]:
        given = {name: value for name in _FILTERS if (value := getattr(wanted, name)) is not None}
        where = " AND ".join(f"{name} = :{name}" for name in given) or "true"
        listed = f"""
            SELECT {_VIEW_COLUMNS}, count(*) OVER () AS total FROM accounts WHERE {where}
            ORDER BY kind, opened_at, id LIMIT :limit OFFSET :offset
        """
        return (await self._page(text(listed), page, **given)).map(lambda row: AccountView(*row[:-1]))

    async def postings(self, account_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        found = await self._cursor_page(_POSTINGS, cursor, _SEQUENCE, account=account_id, before=cursor.number())
        return found.map(lambda row: PostingView(*row))

    async def balance_at(self, account_id: UUID, instant: datetime) -> Decimal:
        rows = await self._rows(_BALANCE_AT, account=account_id, instant=instant)
        return rows[0].balance_after if rows else Decimal(0)

    async def owners(self, account_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(row.owner_id for row in await self._rows(_OWNERS, ids=list(account_ids)))
