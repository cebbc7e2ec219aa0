"""Signing keys, as PostgreSQL keeps them."""

from uuid import uuid4

from chassis.testing.clocks import ControlledClock
from identity.application.signing_keys import audit
from identity.domain.signing_key import SigningKey
from services.identity.tests.integration.storage import HERE, Storage


async def test_signing_keys_are_found_again_whole(storage: Storage, clock: ControlledClock) -> None:
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
