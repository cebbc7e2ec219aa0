"""Keys that devices sign with."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from identity.application.device_keys.views import DeviceKeyView
from identity.domain.device_key import KeyAlgorithm
from identity.infrastructure.queries.rows import SqlReads
from kernel.pages import Page, PageRequest

_KEY = """
    SELECT k.id, k.user_id, k.device_id, k.algorithm, k.public_key, k.registered_at, k.revoked_at, k.revoke_reason,
           k.revoked_at IS NULL AND u.status = 'active' AS is_active, count(*) OVER () AS total
    FROM device_keys k JOIN users u ON u.id = k.user_id
"""
_KEY_BY_ID = text(f"{_KEY} WHERE k.id = :id")
_KEYS = text(f"{_KEY} WHERE k.user_id = :user_id ORDER BY k.registered_at DESC, k.id DESC LIMIT :limit OFFSET :offset")


class SqlDeviceKeyQueries(SqlReads):
    async def device_key(self, key_id: UUID) -> DeviceKeyView | None:
        rows = await self._rows(_KEY_BY_ID, {"id": key_id})
        return _view(rows[0]) if rows else None

    async def device_keys_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceKeyView]:
        rows, total = await self._page(_KEYS, page, {"user_id": user_id})
        return Page([_view(row) for row in rows], page.page, page.per_page, total)


def _view(row: Any) -> DeviceKeyView:
    return DeviceKeyView(
        id=row.id,
        user_id=row.user_id,
        device_id=row.device_id,
        algorithm=KeyAlgorithm(row.algorithm),
        public_key=bytes(row.public_key),
        registered_at=row.registered_at,
        revoked_at=row.revoked_at,
        revoke_reason=row.revoke_reason,
        is_active=row.is_active,
    )
