"""What device keys need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.device_key import DeviceKey, KeyAlgorithm


class DeviceKeys(Protocol):
    async def add(self, key: DeviceKey) -> None:
        """Add a key; raises DeviceKeyKnown when it was ever registered, by whomever."""

    async def lock(self, key_id: UUID) -> DeviceKey | None:
        """Find a key and lock it until the transaction ends."""

    async def lock_live(self, user_id: UUID, *, device_id: UUID | None = None) -> Sequence[DeviceKey]:
        """Find and lock a user's live keys, of one device or of all; only under the user's lock."""

    async def use_proof(self, key_id: UUID, proof: "UsedProof") -> bool:
        """Record that a proof of a key was used; False when it was used before."""

    async def purge_proofs(self, *, at: datetime) -> int:
        """Drop proofs that their own time refuses by now. Return how many there were."""


@dataclass(frozen=True, slots=True)
class Challenge:
    text: str
    expires_at: datetime


class Challenges(Protocol):
    def issue(self, user_id: UUID, device_id: UUID, *, at: datetime) -> Challenge:
        """Make a challenge that only this user's device can answer, and only for minutes."""

    def check(self, text: str, user_id: UUID, device_id: UUID, *, at: datetime) -> None:
        """Raise InvalidChallenge for one that is not ours, another's, or too old."""


@dataclass(frozen=True, slots=True)
class UsedProof:
    """`digest` is of the proof's own id (`jti`), which is remembered until `expires_at`."""

    digest: bytes
    expires_at: datetime


class DeviceProofs(Protocol):
    def check(self, text: str, key: DeviceKey, *, at: datetime) -> UsedProof:
        """Check that a key signed this request (RFC 9449); raises DeviceProofRefused, also when it is another key's."""


class DeviceSignatures(Protocol):
    def is_key(self, algorithm: KeyAlgorithm, public_key: bytes) -> bool: ...

    def verify(self, algorithm: KeyAlgorithm, public_key: bytes, signature: bytes, message: bytes) -> bool: ...
