"""Accounts by hand-written SQL: a batch costs the same number of statements whatever its size."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from payments.domain.account import Account, AccountKind, AccountStatus, WalletUsage
from payments.infrastructure.sql.advisory_lock import TAKE_LOCK, lock_number

COLUMNS = (
    "id, kind, owner_id, currency, balance, version, opened_at, held, status, status_reason, ceiling, name, closed_at, usage"
)
# In id order, or two opposite transfers deadlock. NO KEY: postings' foreign keys need not wait.
_LOCK = text(f"SELECT {COLUMNS} FROM accounts WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")  # noqa: S608  # a constant
_COUNT_OF = text("SELECT count(*) FROM accounts WHERE owner_id = :owner AND status <> 'closed'")
_EXPECTING = text("SELECT count(*) FROM transfers WHERE target_id = :id AND status IN ('pending', 'pending_approval')")
_ADD_ACCOUNT = text(
    """
    INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at, name, ceiling)
    VALUES (:id, :kind, :owner_id, :currency, :balance, :version, :opened_at, :name, :ceiling)
    """
)
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


class SqlAccounts:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Account]:
        rows = await self._session.execute(_LOCK, {"ids": list(set(account_ids))})
        return {row[0]: account_of(row) for row in rows}

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
                "name": account.name,
                "ceiling": account.ceiling,
            },
        )

    async def count_of(self, owner_id: UUID) -> int:
        # Of two who count at once, both would find room for the last.
        await self._session.execute(TAKE_LOCK, {"lock": lock_number("wallets", owner_id)})
        return int(await self._session.scalar(_COUNT_OF, {"owner": owner_id}) or 0)

    async def expecting(self, account_id: UUID) -> int:
        return int(await self._session.scalar(_EXPECTING, {"id": account_id}) or 0)

    async def save(self, accounts: Sequence[Account]) -> None:
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
    id_, kind, owner_id, currency, balance, version, opened_at, held, status, reason, ceiling, name, closed_at, usage = row
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
    )
