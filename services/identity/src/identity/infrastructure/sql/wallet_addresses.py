"""Wallet addresses."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, Text, Uuid, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from identity.application.wallet_addresses.views import AddressHolder, WalletAddressView
from identity.domain.wallet_address import WalletAddress
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.subject_keys import wrapped_key
from identity.infrastructure.sql.users import users
from identity.infrastructure.vault import Vault
from kernel.pages import Page, PageRequest

wallet_addresses = Table(
    "wallet_addresses",
    metadata,
    Column("address", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("issued_at", timestamp(), nullable=False),
    Column("retired_at", timestamp()),
    Column("currency", Text, nullable=False),
    Column("label", LargeBinary),
)
# The vault seals and opens the label.
mapper.map_imperatively(WalletAddress, wallet_addresses, exclude_properties=("label",))

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


class SqlWalletAddressRepository:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    def add(self, address: WalletAddress) -> None:
        self._session.add(address)

    async def lock(self, address: UUID) -> WalletAddress | None:
        query = select(WalletAddress).where(wallet_addresses.c.address == address).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def count_live(self, user_id: UUID) -> int:
        of = wallet_addresses.c
        query = select(func.count()).where(of.user_id == user_id, of.retired_at.is_(None))
        return await self._session.scalar(query) or 0

    async def label(self, address: WalletAddress, label: str | None) -> None:
        await self._session.flush()
        wrapped = await wrapped_key(self._session, address.user_id)
        sealed = self._vault.seal_label(address.user_id, wrapped, address.address, label) if label is not None else None
        where = wallet_addresses.c.address == address.address
        await self._session.execute(update(wallet_addresses).where(where).values(label=sealed))


class SqlWalletAddressViews(SealedReads):
    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        return (await self._page(_ADDRESSES, page, user_id=user_id)).map(self._address)

    async def wallet_address(self, user_id: UUID, address: UUID) -> WalletAddressView | None:
        rows = await self._rows(_ADDRESS_BY_ID, user_id=user_id, address=address)
        return self._address(rows[0]) if rows else None

    async def address_holder(self, address: UUID) -> AddressHolder | None:
        rows = await self._rows(_HOLDER, address=address)
        if not rows:
            return None
        (row,) = rows
        known = row.wrapped and row.full_name
        name = self._vault.open_name(row.user_id, row.wrapped, row.full_name) if known else None
        return AddressHolder(row.address, row.user_id, row.is_active, name)

    def _address(self, row: Any) -> WalletAddressView:
        label = self._vault.open_label(row.user_id, row.wrapped, row.address, row.label) if row.label and row.wrapped else None
        return WalletAddressView(row.address, row.currency, label, row.issued_at, row.retired_at)
