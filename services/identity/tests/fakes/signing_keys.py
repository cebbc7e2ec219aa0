"""Key pairs that sign nothing."""

from uuid import UUID, uuid4

from identity.application.ports.signing_keys import KeyPair


class FakeKeyMaker:
    def make(self, key_id: UUID) -> KeyPair:
        return KeyPair({"kid": str(key_id), "kty": "EC"}, uuid4().bytes)
