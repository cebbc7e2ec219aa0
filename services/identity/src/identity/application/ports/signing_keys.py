"""What signing keys need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from identity.domain.signing_key import SigningKey


class SigningKeys(Protocol):
    async def lock_all(self) -> Sequence[SigningKey]:
        """Become the only transaction that changes keys, and return them all."""

    def add(self, key: SigningKey) -> None: ...

    async def remove(self, key: SigningKey) -> None: ...


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public_jwk` is RFC 7517; the private half is sealed for the key's own id."""

    public_jwk: dict[str, str]
    sealed_private: bytes


class KeyMaker(Protocol):
    def make(self, key_id: UUID) -> KeyPair: ...
