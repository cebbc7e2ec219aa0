"""Wallet addresses."""

from uuid import UUID

from sqlalchemy import text

from identity.application.addresses.queries import WalletAddressView
from identity.infrastructure.queries.rows import SqlReads
from kernel.pages import Page, PageRequest

_ADDRESSES = text(
    """
    SELECT address, issued_at, retired_at, count(*) OVER () AS total
    FROM wallet_addresses WHERE user_id = :user_id ORDER BY issued_at, address LIMIT :limit OFFSET :offset
    """
)


class SqlAddressQueries(SqlReads):
    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        rows = await self._rows(_ADDRESSES, {"user_id": user_id, "limit": page.per_page, "offset": page.offset})
        return Page([WalletAddressView(*row[:-1]) for row in rows], page.page, page.per_page, rows[0].total if rows else 0)
