"""Fakes of device keys, addresses and erasure, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from identity.application.device_keys.queries import DeviceKeyView
from identity.domain.device_key import DeviceKey
from identity.domain.errors import DeviceKeyKnown
from identity.domain.user import User
from kernel.pages import Page, PageRequest

T = TypeVar("T")


def page_of(items: Sequence[T], page: PageRequest) -> Page[T]:
    return Page(items[page.offset : page.offset + page.per_page], page.page, page.per_page, len(items))


@dataclass
class PrivacyStore:
    users: dict[UUID, User] = field(default_factory=dict)
    device_keys: dict[UUID, DeviceKey] = field(default_factory=dict)


class FakeDeviceKeys:
    def __init__(self, store: PrivacyStore) -> None:
        self._store = store

    async def add(self, key: DeviceKey) -> None:
        if any(other.public_key == key.public_key for other in self._store.device_keys.values()):
            raise DeviceKeyKnown
        assert not await self.lock_live(key.user_id, device_id=key.device_id)
        self._store.device_keys[key.id] = key

    async def lock(self, key_id: UUID) -> DeviceKey | None:
        return self._store.device_keys.get(key_id)

    async def lock_live(self, user_id: UUID, *, device_id: UUID | None = None) -> Sequence[DeviceKey]:
        keys = sorted(self._store.device_keys.values(), key=lambda key: key.id)
        return [key for key in keys if key.user_id == user_id and key.is_live and device_id in {None, key.device_id}]


class FakePrivacyQueries:
    @property
    def _store(self) -> PrivacyStore:
        raise NotImplementedError

    async def device_key(self, key_id: UUID) -> DeviceKeyView | None:
        key = self._store.device_keys.get(key_id)
        return self._key_view(key) if key else None

    async def device_keys_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceKeyView]:
        keys = [key for key in self._store.device_keys.values() if key.user_id == user_id]
        keys.sort(key=lambda key: (key.registered_at, key.id), reverse=True)
        return page_of([self._key_view(key) for key in keys], page)

    def _key_view(self, key: DeviceKey) -> DeviceKeyView:
        return DeviceKeyView(
            id=key.id,
            user_id=key.user_id,
            device_id=key.device_id,
            algorithm=key.algorithm,
            public_key=key.public_key,
            registered_at=key.registered_at,
            revoked_at=key.revoked_at,
            revoke_reason=key.revoke_reason,
            is_active=key.is_live and self._store.users[key.user_id].is_active,
        )
