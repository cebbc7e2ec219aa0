"""Wallets: the accounts that users own."""

# ruff: noqa: S608  # the columns are our own constant

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from kernel.errors import NotFound
from kernel.events import Aggregate
from kernel.pages import Page, PageRequest
from payments.application.wallets.views import WalletView
from payments.domain.account import Account
from payments.infrastructure.sql.accounts import SqlAccountRepository
from payments.infrastructure.sql.advisory_lock import TAKE_LOCK, lock_number

_COUNT_OF = text("SELECT count(*) FROM accounts WHERE owner_id = :owner AND status <> 'closed'")
_EXPECTING = text("SELECT count(*) FROM transfers WHERE target_id = :id AND status IN ('pending', 'pending_approval')")
_ADD = text(
    """
    INSERT INTO accounts (id, kind, owner_id, currency, balance, version, opened_at, name, ceiling, organization_id)
    VALUES (:id, :kind, :owner_id, :currency, :balance, :version, :opened_at, :name, :ceiling, :organization_id)
    """
)
_COLUMNS = "id, owner_id, currency, balance, held, status, name, ceiling, version, opened_at, usage, organization_id"
_WALLET = text(f"SELECT {_COLUMNS} FROM accounts WHERE id = :id AND kind = 'wallet'")
_OF_OWNER = text(
    f"""
    SELECT {_COLUMNS}, count(*) OVER () AS total
    FROM accounts WHERE owner_id = :owner ORDER BY opened_at, id LIMIT :limit OFFSET :offset
    """
)


class SqlWalletRepository:
    def __init__(self, session: AsyncSession, accounts: SqlAccountRepository, written: list[Aggregate]) -> None:
        self._session = session
        self._written = written
        self._accounts = accounts

    async def lock(self, wallet_id: UUID, *, owner_id: UUID | None = None) -> Account:
        wallet = (await self._accounts.lock([wallet_id])).get(wallet_id)
        if wallet is None or not wallet.is_wallet or (owner_id is not None and wallet.owner_id != owner_id):
            raise NotFound(wallet_id=wallet_id)
        return wallet

    async def save(self, wallet: Account) -> None:
        await self._accounts.save_state(wallet)

    async def add(self, wallet: Account) -> None:
        self._written.append(wallet)
        await self._session.execute(
            _ADD,
            {
                "id": wallet.id,
                "kind": wallet.kind,
                "owner_id": wallet.owner_id,
                "currency": wallet.currency,
                "balance": wallet.balance,
                "version": wallet.version,
                "opened_at": wallet.opened_at,
                "name": wallet.name,
                "ceiling": wallet.ceiling,
                "organization_id": wallet.organization_id,
            },
        )

    async def count_of(self, owner_id: UUID) -> int:
        # Otherwise two transactions that count at the same time could both add the last wallet.
        await self._session.execute(TAKE_LOCK, {"lock": lock_number("wallets", owner_id)})
        return int(await self._session.scalar(_COUNT_OF, {"owner": owner_id}) or 0)

    async def expecting(self, wallet_id: UUID) -> int:
        return int(await self._session.scalar(_EXPECTING, {"id": wallet_id}) or 0)


class SqlWalletViews(SqlReads):
    async def find(self, wallet_id: UUID) -> WalletView | None:
        rows = await self._rows(_WALLET, id=wallet_id)
        return WalletView(*rows[0]) if rows else None

    async def of_owner(self, owner_id: UUID, page: PageRequest) -> Page[WalletView]:
        return (await self._page(_OF_OWNER, page, owner=owner_id)).map(lambda row: WalletView(*row[:-1]))
