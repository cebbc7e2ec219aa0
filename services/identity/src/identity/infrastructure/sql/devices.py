"""Devices."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Table, Text, Uuid, text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.application.devices.views import DeviceView
from identity.domain.device import Device
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.origins import opened, origin_view
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.users import users
from kernel.pages import Page, PageRequest

devices = Table(
    "devices",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("device_id", Uuid, primary_key=True),
    Column("first_seen_at", timestamp(), nullable=False),
    Column("last_seen_at", timestamp(), nullable=False),
    Column("name", Text),
    Column("known_since", timestamp()),
    Column("revoked_at", timestamp()),
)
mapper.map_imperatively(Device, devices)

# The device's last session, live or not, has its last origin.
_DEVICE_ROWS = """
    SELECT d.device_id, d.name, d.first_seen_at,
           greatest(d.last_seen_at, CASE WHEN s.ended_at IS NULL THEN s.rotated_at END) AS last_active_at,
           d.known_since, d.revoked_at, CASE WHEN s.ended_at IS NULL THEN s.id END AS session_id,
           s.id AS last_session_id, coalesce(s.seen_from, s.started_from) AS seen_from, k.wrapped, count(*) OVER () AS total
    FROM devices d
    LEFT JOIN subject_keys k ON k.subject_id = d.user_id
    LEFT JOIN LATERAL (
        SELECT * FROM sessions WHERE user_id = d.user_id AND device_id = d.device_id ORDER BY started_at DESC, id DESC LIMIT 1
    ) s ON true
    WHERE d.user_id = :user_id
"""
_KNOWN_SINCE = text("SELECT known_since FROM devices WHERE user_id = :user_id AND device_id = :device_id AND revoked_at IS NULL")
_DEVICES = text(f"{_DEVICE_ROWS} ORDER BY d.last_seen_at DESC, d.device_id LIMIT :limit OFFSET :offset")
_DEVICE = text(f"{_DEVICE_ROWS} AND d.device_id = :device_id")


class SqlDeviceRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, user_id: UUID, device_id: UUID) -> Device | None:
        return await self._session.get(Device, (user_id, device_id))

    def add(self, device: Device) -> None:
        self._session.add(device)


class SqlDeviceViews(SealedReads):
    async def devices_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceView]:
        found = await self._page(_DEVICES, page, user_id=user_id)
        return replace(found, items=await opened(partial(self._device, user_id), found.items))

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None:
        rows = await self._rows(_DEVICE, user_id=user_id, device_id=device_id)
        return (await opened(partial(self._device, user_id), rows))[0] if rows else None

    async def known_since(self, user_id: UUID, device_id: UUID) -> datetime | None:
        rows = await self._rows(_KNOWN_SINCE, user_id=user_id, device_id=device_id)
        return rows[0].known_since if rows else None

    def _device(self, user_id: UUID, row: Any) -> DeviceView:
        name = self._vault.open_item_name(user_id, row.wrapped, row.device_id, row.name) if row.name and row.wrapped else None
        return DeviceView(
            device_id=row.device_id,
            name=name,
            first_seen_at=row.first_seen_at,
            last_active_at=row.last_active_at,
            known_since=row.known_since,
            revoked_at=row.revoked_at,
            session_id=row.session_id,
            seen_from=origin_view(self._vault, user_id, row.wrapped, row.last_session_id, row.seen_from),
        )
