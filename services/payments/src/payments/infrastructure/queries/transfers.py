"""Transfers."""

from uuid import UUID

from sqlalchemy import text

from kernel.pages import CursorPage, CursorRequest
from payments.application.transfers.queries import TransferView
from payments.infrastructure.queries.rows import SqlReads, before, next_cursor

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


class SqlTransferQueries(SqlReads):
    async def transfer(self, transfer_id: UUID) -> TransferView | None:
        rows = await self._rows(_TRANSFER, id=transfer_id)
        return TransferView(*rows[0]) if rows else None

    async def owns_either(self, owner_id: UUID, account_ids: tuple[UUID, ...]) -> bool:
        rows = await self._rows(_OWNS, ids=list(account_ids), owner=owner_id)
        return bool(rows[0][0])

    async def transfers_of(self, owner_id: UUID, cursor: CursorRequest) -> CursorPage[TransferView]:
        rows = await self._rows(_TRANSFERS_OF, owner=owner_id, before=before(cursor), limit=cursor.limit + 1)
        return CursorPage([TransferView(*row[:-1]) for row in rows[: cursor.limit]], next_cursor(rows, cursor))
