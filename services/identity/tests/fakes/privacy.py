"""Fakes of device keys, addresses and erasure, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.device_keys.views import DeviceKeyView
from identity.application.erasures.views import ErasureView, ReceiptKeyView
from identity.application.ports.device_keys import UsedProof
from identity.application.ports.erasures import Destroyed
from identity.application.wallet_addresses.views import AddressHolder, WalletAddressView
from identity.domain.device_key import DeviceKey
from identity.domain.erasure import Erasure, ErasureStatus
from identity.domain.errors import DeviceKeyKnown
from identity.domain.profile import Profile
from identity.domain.user import User, UserStatus
from identity.domain.wallet_address import WalletAddress
from kernel.pages import Page, PageRequest
from services.identity.tests.fakes.pages import page_of


@dataclass
class PrivacyStore:
    users: dict[UUID, User] = field(default_factory=dict)
    profiles: dict[UUID, Profile] = field(default_factory=dict)
    addresses: dict[UUID, WalletAddress] = field(default_factory=dict)
    labels: dict[UUID, str] = field(default_factory=dict)
    device_keys: dict[UUID, DeviceKey] = field(default_factory=dict)
    used_proofs: dict[tuple[UUID, bytes], datetime] = field(default_factory=dict)
    erasures: dict[UUID, Erasure] = field(default_factory=dict)


class FakeWalletAddresses:
    def __init__(self, store: PrivacyStore, locked: set[UUID]) -> None:
        self._store = store
        self._locked = locked

    def add(self, address: WalletAddress) -> None:
        self._store.addresses[address.address] = address

    async def lock(self, address: UUID) -> WalletAddress | None:
        return self._store.addresses.get(address)

    async def count_live(self, user_id: UUID) -> int:
        assert user_id in self._locked
        return sum(each.user_id == user_id and each.is_live for each in self._store.addresses.values())

    async def label(self, address: WalletAddress, label: str | None) -> None:
        self._store.labels.pop(address.address, None)
        if label is not None:
            self._store.labels[address.address] = label


class FakeDeviceKeys:
    def __init__(self, store: PrivacyStore, locked: set[UUID]) -> None:
        self._store = store
        self._locked = locked

    async def add(self, key: DeviceKey) -> None:
        if any(other.public_key == key.public_key for other in self._store.device_keys.values()):
            raise DeviceKeyKnown
        assert not await self.lock_live(key.user_id, device_id=key.device_id)
        self._store.device_keys[key.id] = key

    async def lock(self, key_id: UUID) -> DeviceKey | None:
        return self._store.device_keys.get(key_id)

    async def lock_live(self, user_id: UUID, *, device_id: UUID | None = None) -> Sequence[DeviceKey]:
        assert user_id in self._locked
        keys = sorted(self._store.device_keys.values(), key=lambda key: key.id)
        return [key for key in keys if key.user_id == user_id and key.is_live and device_id in {None, key.device_id}]

    async def use_proof(self, key_id: UUID, proof: UsedProof) -> bool:
        known = (key_id, proof.digest) in self._store.used_proofs
        self._store.used_proofs.setdefault((key_id, proof.digest), proof.expires_at)
        return not known

    async def purge_proofs(self, *, at: datetime) -> int:
        kept = {proof: expires_at for proof, expires_at in self._store.used_proofs.items() if expires_at > at}
        dropped = len(self._store.used_proofs) - len(kept)
        self._store.used_proofs = kept
        return dropped


class FakeErasures:
    def __init__(self, store: PrivacyStore) -> None:
        self._store = store

    def add(self, erasure: Erasure) -> None:
        self._store.erasures[erasure.id] = erasure

    async def lock(self, erasure_id: UUID) -> Erasure | None:
        return self._store.erasures.get(erasure_id)

    async def lock_of(self, user_id: UUID) -> Erasure | None:
        return next((each for each in self._store.erasures.values() if each.user_id == user_id), None)

    async def user_of(self, erasure_id: UUID) -> UUID | None:
        erasure = self._store.erasures.get(erasure_id)
        return erasure.user_id if erasure else None

    async def destroy(self, user_id: UUID) -> Destroyed:
        self._store.profiles.pop(user_id, None)
        for address in self._store.addresses.values():
            if address.user_id == user_id:
                self._store.labels.pop(address.address, None)
        return Destroyed(f"digest of {user_id}")


class FakeReceipts:
    async def sign(self, statement: dict[str, Any], *, at: datetime) -> dict[str, Any]:
        return {"statement": statement, "key_id": "fake", "signature": f"signed at {at}"}


class FakePrivacyQueries:
    @property
    def _store(self) -> PrivacyStore:
        raise NotImplementedError

    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        addresses = [address for address in self._store.addresses.values() if address.user_id == user_id]
        addresses.sort(key=lambda address: (address.issued_at, address.address))
        return page_of([self._address_view(each) for each in addresses], page)

    async def wallet_address(self, user_id: UUID, address: UUID) -> WalletAddressView | None:
        found = self._store.addresses.get(address)
        return self._address_view(found) if found and found.user_id == user_id else None

    async def address_holder(self, address: UUID) -> AddressHolder | None:
        found = self._store.addresses.get(address)
        if found is None:
            return None
        active = found.is_live and self._store.users[found.user_id].is_active
        profile = self._store.profiles.get(found.user_id)
        return AddressHolder(address, found.user_id, active, profile.full_name if profile else None)

    def _address_view(self, each: WalletAddress) -> WalletAddressView:
        return WalletAddressView(
            each.address, each.currency, self._store.labels.get(each.address), each.issued_at, each.retired_at
        )

    async def device_key(self, key_id: UUID) -> DeviceKeyView | None:
        key = self._store.device_keys.get(key_id)
        return self._key_view(key) if key else None

    async def device_keys_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceKeyView]:
        keys = [key for key in self._store.device_keys.values() if key.user_id == user_id]
        keys.sort(key=lambda key: (key.registered_at, key.id), reverse=True)
        return page_of([self._key_view(key) for key in keys], page)

    async def erasure(self, erasure_id: UUID) -> ErasureView | None:
        found = self._store.erasures.get(erasure_id)
        if found is None:
            return None
        answered = tuple(sorted(found.answers))
        return ErasureView(
            found.id, found.status, found.requested_at, answered, found.restricted_until, found.erased_at, found.receipt
        )

    async def due_erasures(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        due = [each for each in self._store.erasures.values() if each.is_due(at)]
        return [each.id for each in sorted(due, key=lambda each: str(each.restricted_until))][:limit]

    async def unanswered_erasures(self, asked_before: datetime, *, limit: int) -> Sequence[UUID]:
        waiting = [each for each in self._store.erasures.values() if each.status is ErasureStatus.REQUESTED]
        return [each.id for each in sorted(waiting, key=lambda each: each.asked_at) if each.asked_at <= asked_before][:limit]

    async def receipt_keys(self) -> Sequence[ReceiptKeyView]:
        return ()

    async def held_about(self, user_id: UUID) -> dict[str, Any] | None:
        profile = self._store.profiles.get(user_id)
        if profile is None or self._store.users[user_id].status is UserStatus.RESTRICTED:
            return None
        return {"profile": {"full_name": profile.full_name}}

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
