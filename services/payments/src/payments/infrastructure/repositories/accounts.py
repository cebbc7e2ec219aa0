"""Accounts by hand-written SQL: a batch costs the same number of statements whatever its size."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from payments.domain.account import Account, AccountKind

# In id order, or two opposite transfers deadlock. NO KEY: postings' foreign keys need not wait.
_LOCK = text(
    """
    SELECT id, kind, owner_id, currency, balance, version, opened_at FROM accounts
    WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE
    """
)
_ADD_ACCOUNT = text(
    """
    INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at)
    VALUES (:id, :kind, :owner_id, :currency, :balance, :version, :opened_at)
    """
)
_SAVE = text(
    """
    UPDATE accounts SET balance = new.balance, version = new.version
    FROM unnest(cast(:ids AS uuid[]), cast(:balances AS numeric[]), cast(:versions AS bigint[])) AS new (id, balance, version)
    WHERE accounts.id = new.id
    """
)


class SqlAccounts:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        rows = await self._session.execute(_LOCK, {"ids": list(set(account_ids))})
        return {
            row.id: Account(row.id, AccountKind(row.kind), row.owner_id, row.currency, row.balance, row.version, row.opened_at)
            for row in rows
        }

    async def add(self, account: Account) -> None:
        await self._session.execute(
            _ADD_ACCOUNT,
            {
                "id": account.id,
                "kind": account.kind,
                "owner_id": account.owner_id,
                "currency": account.currency,
                "balance": account.balance,
                "version": account.version,
                "opened_at": account.opened_at,
            },
        )

    async def save(self, accounts: Sequence[Account]) -> None:
        await self._session.execute(
            _SAVE,
            {
                "ids": [account.id for account in accounts],
                "balances": [account.balance for account in accounts],
                "versions": [account.version for account in accounts],
            },
        )
