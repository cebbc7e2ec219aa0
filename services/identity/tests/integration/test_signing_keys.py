"""Signing keys in PostgreSQL."""

from uuid import uuid4

from chassis.testing.clocks import ControlledClock
from identity.application.signing_keys import audit
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.domain.signing_key import SigningKey
from identity.infrastructure.signing_keys import SealedKeyMaker
from identity.settings import IdentitySettings
from services.identity.tests.integration.storage import HERE, Storage, fact


async def test_signing_keys_are_read_back_complete(storage: Storage, clock: ControlledClock) -> None:
    key = SigningKey.announce(uuid4(), public_jwk={"kid": "1"}, sealed_private=b"sealed", at=clock.now())
    async with storage.uow.begin(HERE) as tx:
        assert list(await tx.signing_keys.lock_all()) == []
        tx.signing_keys.add(key)
        tx.record(audit.signing_key_created(key, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        (found,) = await tx.signing_keys.lock_all()
        with tx.change(audit.SIGNING_KEY, found, "activate", at=clock.now()) as at:
            found.activate(at=at)
    (read,) = await storage.views.signing_keys.signing_keys()
    assert read.is_active
    assert (read.id, read.public_jwk, read.sealed_private, read.algorithm) == (key.id, {"kid": "1"}, b"sealed", "ES256")


async def test_one_key_signs_and_the_next_is_already_published(
    storage: Storage, settings: IdentitySettings, clock: ControlledClock
) -> None:
    ensure = EnsureSigningKeys(storage.uow, SealedKeyMaker(settings.key()), clock)
    keys = await ensure()
    assert sorted((key.is_active, key.is_next) for key in keys) == [(False, True), (True, False)]
    assert {key.id for key in await ensure()} == {key.id for key in keys}
    async with storage.uow.begin(HERE) as tx:
        active = next(key for key in await tx.signing_keys.lock_all() if key.is_active)
        active.retire(at=clock.now())
        tx.record(fact(clock))
    rotated = await ensure()
    assert [(key.is_active, key.is_next) for key in rotated].count((True, False)) == 1
    assert active.id in {key.id for key in rotated}
    clock.advance(seconds=20 * 60)
    assert active.id not in {key.id for key in await ensure()}
