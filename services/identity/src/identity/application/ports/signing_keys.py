"""The ports of signing keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from identity.domain.signing_key import SigningKey


class SigningKeyRepository(Protocol):
    async def lock_all(self) -> Sequence[SigningKey]:
        """Take the lock under which keys change, and return all keys."""

    def add(self, key: SigningKey) -> None: ...

    async def remove(self, key: SigningKey) -> None: ...


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public_jwk` is RFC 7517. The private key is sealed, bound to the key's id."""

    public_jwk: dict[str, str]
    sealed_private: bytes


class KeyMaker(Protocol):
    def make(self, key_id: UUID) -> KeyPair: ...
