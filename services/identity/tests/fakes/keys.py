"""Fakes of the keys that sign access tokens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from identity.application.ports.signing_keys import KeyPair
from identity.domain.signing_key import SigningKey

if TYPE_CHECKING:
    from services.identity.tests.fakes.unit_of_work import Store


class FakeSigningKeys:
    def __init__(self, store: "Store") -> None:
        self._store = store

    async def lock_all(self) -> Sequence[SigningKey]:
        return sorted(self._store.keys.values(), key=lambda key: (key.created_at, key.id))

    def add(self, key: SigningKey) -> None:
        self._store.keys[key.id] = key

    async def remove(self, key: SigningKey) -> None:
        del self._store.keys[key.id]


class FakeKeyMaker:
    def make(self, key_id: UUID) -> KeyPair:
        return KeyPair({"kid": str(key_id), "kty": "EC"}, uuid4().bytes)
