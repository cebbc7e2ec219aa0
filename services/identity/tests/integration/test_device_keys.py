"""Device keys in PostgreSQL."""

from uuid import UUID, uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.device_keys import audit
from identity.domain.device_key import DeviceKey, KeyAlgorithm, RevokeReason
from identity.domain.errors import DeviceKeyKnown
from services.identity.tests.integration.storage import (
    HERE,
    PAGE,
    Storage,
    enrol_user,
    register_device,
)


async def register_key(storage: Storage, clock: ControlledClock, user_id: UUID, device_id: UUID, number: int) -> DeviceKey:
    key = DeviceKey.register(user_id, device_id, KeyAlgorithm.ED25519, bytes([number]) * 32, at=clock.now())
    async with storage.uow.begin(HERE) as tx:
        await tx.users.lock(user_id)
        for earlier in await tx.device_keys.lock_live(user_id, device_id=device_id):
            earlier.revoke(RevokeReason.REPLACED, at=clock.now())
        await tx.device_keys.add(key)
        tx.create(audit.DEVICE_KEY, key, "register", at=key.registered_at)
    return key


async def test_a_key_is_read_back_complete_and_a_device_has_one_active_key(storage: Storage, clock: ControlledClock) -> None:
    user_id = (await enrol_user(storage, clock)).user_id
    device_id = await register_device(storage, clock, user_id)
    first = await register_key(storage, clock, user_id, device_id, 1)
    clock.advance(seconds=1)
    second = await register_key(storage, clock, user_id, device_id, 2)
    found = await storage.views.device_keys.device_key(second.id)
    assert found
    assert (found.user_id, found.device_id, found.algorithm) == (user_id, device_id, KeyAlgorithm.ED25519)
    assert (found.public_key, found.registered_at, found.revoked_at) == (bytes([2]) * 32, clock.now(), None)
    listed = (await storage.views.device_keys.device_keys_of(user_id, PAGE)).items
    assert [(view.id, view.is_active, view.revoke_reason) for view in listed] == [
        (second.id, True, None),
        (first.id, False, "replaced"),
    ]
    assert await storage.views.device_keys.device_key(uuid4()) is None


async def test_a_key_can_never_be_registered_again(storage: Storage, clock: ControlledClock) -> None:
    user_id = (await enrol_user(storage, clock)).user_id
    device_id = await register_device(storage, clock, user_id)
    await register_key(storage, clock, user_id, device_id, 1)
    with pytest.raises(DeviceKeyKnown):
        await register_key(storage, clock, user_id, await register_device(storage, clock, user_id), 1)
    assert (await storage.views.device_keys.device_keys_of(user_id, PAGE)).total == 1
