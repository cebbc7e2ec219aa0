"""Wallets and their postings."""

from uuid import UUID

from sqlalchemy import text

from kernel.pages import CursorPage, CursorRequest, Page, PageRequest
from payments.application.wallets.queries import PostingView, WalletView
from payments.infrastructure.sql.reads import SqlReads, before, next_cursor

# ruff: noqa: S608  # the columns are our own constant
_COLUMNS = "id, owner_id, currency, balance, held, status, name, ceiling, version, opened_at, usage"
_WALLET = text(f"SELECT {_COLUMNS} FROM accounts WHERE id = :id AND kind = 'wallet'")
_WALLETS_OF = text(
    f"""
    SELECT {_COLUMNS}, count(*) OVER () AS total
    FROM accounts WHERE owner_id = :owner ORDER BY opened_at, id LIMIT :limit OFFSET :offset
    """
)
_WALLETS_TOTAL = text("SELECT count(*) FROM accounts WHERE owner_id = :owner")
_POSTINGS = text(
    """
    SELECT p.sequence, p.transfer_id, p.counterparty_id, p.amount, p.currency, p.balance_after, t.description, p.posted_at
    FROM postings p JOIN transfers t ON t.id = p.transfer_id
    WHERE p.account_id = :wallet AND p.sequence < :before ORDER BY p.sequence DESC LIMIT :limit
    """
)


class SqlWalletQueries(SqlReads):
    async def wallet(self, wallet_id: UUID) -> WalletView | None:
        rows = await self._rows(_WALLET, id=wallet_id)
        return WalletView(*rows[0]) if rows else None

    async def wallets_of(self, owner_id: UUID, page: PageRequest) -> Page[WalletView]:
        rows = await self._rows(_WALLETS_OF, owner=owner_id, limit=page.per_page, offset=page.offset)
        # Past the end there is no row to tell the total.
        total = rows[0].total if rows else (await self._rows(_WALLETS_TOTAL, owner=owner_id))[0][0]
        return Page([WalletView(*row[:-1]) for row in rows], page.page, page.per_page, total)

    async def postings(self, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        rows = await self._rows(_POSTINGS, wallet=wallet_id, before=before(cursor), limit=cursor.limit + 1)
        return CursorPage([PostingView(*row) for row in rows[: cursor.limit]], next_cursor(rows, cursor))
