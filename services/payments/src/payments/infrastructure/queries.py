"""The read side: SQL straight to views."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from chassis.database import Database
from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest
from payments.application.queries import PostingView, TransferView, TrialBalanceLine, WalletView

_WALLET = text("SELECT id, owner_id, currency, balance, version, opened_at FROM accounts WHERE id = :id AND kind = 'wallet'")
_WALLETS_OF = text(
    """
    SELECT id, owner_id, currency, balance, version, opened_at, count(*) OVER () AS total
    FROM accounts WHERE owner_id = :owner ORDER BY opened_at, id LIMIT :limit OFFSET :offset
    """
)
# ruff: noqa: S608  # the columns are our own constant
_TRANSFER_COLUMNS = "t.id, t.kind, t.source_id, t.target_id, t.amount, t.currency, t.description, t.initiator_id, t.settled_at"
_TRANSFER = text(f"SELECT {_TRANSFER_COLUMNS} FROM transfers t WHERE t.id = :id")
_OWNS = text("SELECT EXISTS (SELECT FROM accounts WHERE id = ANY(:ids) AND owner_id = :owner)")
# Each wallet's newest postings come off its own index, so a page costs the same however deep; the owner's few wallets
# are merged afterwards. A transfer between two wallets of one owner has two postings here: its debit speaks for it.
_TRANSFERS_OF = text(
    f"""
    WITH own AS (SELECT id FROM accounts WHERE owner_id = :owner)
    SELECT {_TRANSFER_COLUMNS}, p.sequence FROM (
        SELECT newest.transfer_id, newest.sequence
        FROM own CROSS JOIN LATERAL (
            SELECT transfer_id, sequence FROM postings
            WHERE account_id = own.id AND sequence < :before
              AND NOT (amount > 0 AND counterparty_id IN (SELECT id FROM own))
            ORDER BY sequence DESC LIMIT :limit
        ) newest
        ORDER BY newest.sequence DESC LIMIT :limit
    ) p JOIN transfers t ON t.id = p.transfer_id ORDER BY p.sequence DESC
    """
)
_POSTINGS = text(
    """
    SELECT p.sequence, p.transfer_id, p.counterparty_id, p.amount, p.currency, p.balance_after, t.description, p.posted_at
    FROM postings p JOIN transfers t ON t.id = p.transfer_id
    WHERE p.account_id = :wallet AND p.sequence < :before ORDER BY p.sequence DESC LIMIT :limit
    """
)
_TRIAL_BALANCE = text(
    """
    SELECT currency, coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0) AS wallets,
           coalesce(sum(balance) FILTER (WHERE kind = 'system'), 0) AS system, sum(balance) AS total, count(*) AS accounts
    FROM accounts GROUP BY currency ORDER BY currency
    """
)
_NEWEST = 2**63 - 1


class SqlPaymentsQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def wallet(self, wallet_id: UUID) -> WalletView | None:
        rows = await self._rows(_WALLET, id=wallet_id)
        return WalletView(*rows[0]) if rows else None

    async def wallets_of(self, owner_id: UUID, page: PageRequest) -> Page[WalletView]:
        rows = await self._rows(_WALLETS_OF, owner=owner_id, limit=page.per_page, offset=page.offset)
        return Page([WalletView(*row[:-1]) for row in rows], page.page, page.per_page, rows[0].total if rows else 0)

    async def transfer(self, transfer_id: UUID) -> TransferView | None:
        rows = await self._rows(_TRANSFER, id=transfer_id)
        return TransferView(*rows[0]) if rows else None

    async def owns_either(self, owner_id: UUID, account_ids: tuple[UUID, ...]) -> bool:
        rows = await self._rows(_OWNS, ids=list(account_ids), owner=owner_id)
        return bool(rows[0][0])

    async def transfers_of(self, owner_id: UUID, cursor: CursorRequest) -> CursorPage[TransferView]:
        rows = await self._rows(_TRANSFERS_OF, owner=owner_id, before=_before(cursor), limit=cursor.limit + 1)
        return CursorPage([TransferView(*row[:-1]) for row in rows[: cursor.limit]], _next(rows, cursor))

    async def postings(self, wallet_id: UUID, cursor: CursorRequest) -> CursorPage[PostingView]:
        rows = await self._rows(_POSTINGS, wallet=wallet_id, before=_before(cursor), limit=cursor.limit + 1)
        return CursorPage([PostingView(*row) for row in rows[: cursor.limit]], _next(rows, cursor))

    async def trial_balance(self) -> list[TrialBalanceLine]:
        return [TrialBalanceLine(*row) for row in await self._rows(_TRIAL_BALANCE)]

    async def _rows(self, query: TextClause, **parameters: object) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()


def _before(cursor: CursorRequest) -> int:
    if cursor.after is None:
        return _NEWEST
    if not cursor.after.isascii() or not cursor.after.isdigit() or int(cursor.after) > _NEWEST:
        raise InvalidValue(field="cursor", expected="the next_cursor of the page before")
    return int(cursor.after)


def _next(rows: Sequence[Any], cursor: CursorRequest) -> str | None:
    return str(rows[cursor.limit - 1].sequence) if len(rows) > cursor.limit else None
