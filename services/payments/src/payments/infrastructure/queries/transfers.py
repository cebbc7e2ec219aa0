"""Transfers."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from payments.application.transfers.queries import TransferView
from payments.domain.transfer_order import TransferOrder
from payments.infrastructure.queries.rows import SqlReads
from payments.infrastructure.repositories.transfer_rows import READ, transfer_of

# ruff: noqa: S608  # the columns are our own constant
COLUMNS: Final = ", ".join(f"t.{name}" for name in TransferView.__slots__)
_TRANSFER = text(f"SELECT {COLUMNS} FROM transfers t WHERE t.id = :id")
_ORDER = text(f"SELECT {READ} FROM transfers t WHERE t.id = :id")
_LINKED = text(f"SELECT {READ} FROM transfers t WHERE t.link_id = :id")
_PAYEE = text("SELECT a.owner_id FROM transfers t JOIN accounts a ON a.id = t.target_id WHERE t.id = :id")
_OWNERS = text("SELECT owner_id FROM accounts WHERE id = ANY(:ids) AND owner_id IS NOT NULL")


class SqlTransferQueries(SqlReads):
    async def transfer(self, transfer_id: UUID) -> TransferView | None:
        rows = await self._rows(_TRANSFER, id=transfer_id)
        return view_of(rows[0]) if rows else None

    async def order(self, transfer_id: UUID) -> TransferOrder | None:
        rows = await self._rows(_ORDER, id=transfer_id)
        return transfer_of(rows[0]).order if rows else None

    async def linked(self, link_id: UUID) -> Sequence[TransferOrder]:
        return [transfer_of(row).order for row in await self._rows(_LINKED, id=link_id)]

    async def payee_of(self, transfer_id: UUID) -> UUID | None:
        rows = await self._rows(_PAYEE, id=transfer_id)
        return rows[0].owner_id if rows else None

    async def owners(self, account_ids: tuple[UUID, ...]) -> frozenset[UUID]:
        return frozenset(row.owner_id for row in await self._rows(_OWNERS, ids=list(account_ids)))


def view_of(row: Sequence[Any]) -> TransferView:
    """Show a row of COLUMNS."""
    return TransferView(**dict(zip(TransferView.__slots__, row, strict=True)))
