from datetime import datetime

from identity.application.ports.signing_keys import KeyMaker
from identity.application.ports.unit_of_work import Transaction
from identity.application.signing_keys import audit
from identity.domain.signing_key import SigningKey
from kernel.ids import new_id


def announce_key(tx: Transaction, key_maker: KeyMaker, at: datetime, *, active: bool = False) -> SigningKey:
    """Create a key in the caller's transaction, which holds the lock of keys."""
    key_id = new_id()
    pair = key_maker.make(key_id)
    key = SigningKey.announce(key_id, public_jwk=pair.public_jwk, sealed_private=pair.sealed_private, at=at)
    if active:
        key.activate(at=at)
    tx.signing_keys.add(key)
    tx.record(audit.signing_key_created(key, at=at))
    return key
