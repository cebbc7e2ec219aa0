"""Wallet addresses."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from identity.application.wallet_addresses.views import AddressHolder, WalletAddressView
from identity.infrastructure.queries.rows import SqlReads
from kernel.pages import Page, PageRequest

_ADDRESS = """
    SELECT w.address, w.user_id, w.currency, w.label, w.issued_at, w.retired_at, k.wrapped, count(*) OVER () AS total
    FROM wallet_addresses w LEFT JOIN subject_keys k ON k.subject_id = w.user_id WHERE w.user_id = :user_id
"""
_ADDRESSES = text(f"{_ADDRESS} ORDER BY w.issued_at, w.address LIMIT :limit OFFSET :offset")
_ADDRESS_BY_ID = text(f"{_ADDRESS} AND w.address = :address")
_HOLDER = text(
    """
    SELECT w.address, w.user_id, w.retired_at IS NULL AND u.status = 'active' AS is_active, p.full_name, k.wrapped
    FROM wallet_addresses w
    JOIN users u ON u.id = w.user_id
    LEFT JOIN profiles p ON p.user_id = u.id
    LEFT JOIN subject_keys k ON k.subject_id = u.id
    WHERE w.address = :address
    """
)


class SqlAddressQueries(SqlReads):
    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        rows, total = await self._page(_ADDRESSES, page, {"user_id": user_id})
        return Page([self._address(row) for row in rows], page.page, page.per_page, total)

    async def wallet_address(self, user_id: UUID, address: UUID) -> WalletAddressView | None:
        rows = await self._rows(_ADDRESS_BY_ID, {"user_id": user_id, "address": address})
        return self._address(rows[0]) if rows else None

    async def address_holder(self, address: UUID) -> AddressHolder | None:
        rows = await self._rows(_HOLDER, {"address": address})
        if not rows:
            return None
        (row,) = rows
        known = row.wrapped and row.full_name
        name = self._vault.open_name(row.user_id, row.wrapped, row.full_name) if known else None
        return AddressHolder(row.address, row.user_id, row.is_active, name)

    def _address(self, row: Any) -> WalletAddressView:
        label = self._vault.open_label(row.user_id, row.wrapped, row.address, row.label) if row.label and row.wrapped else None
        return WalletAddressView(row.address, row.currency, label, row.issued_at, row.retired_at)
