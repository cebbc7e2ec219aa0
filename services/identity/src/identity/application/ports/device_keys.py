"""The ports of device keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.device_key import DeviceKey, KeyAlgorithm


class DeviceKeyRepository(Protocol):
    async def add(self, key: DeviceKey) -> None:
        """Add a key. Raise DeviceKeyKnown if any user ever registered it."""

    async def lock(self, key_id: UUID) -> DeviceKey | None:
        """Find a key and lock it until the transaction ends."""

    async def lock_live(self, user_id: UUID, *, device_id: UUID | None = None) -> Sequence[DeviceKey]:
        """Find and lock a user's live keys, of one device or of all. Call this only under the user's lock."""

    async def use_proof(self, key_id: UUID, proof: "UsedProof") -> bool:
        """Record that a proof of a key was used. Return False if it was used before."""

    async def purge_proofs(self, *, at: datetime) -> int:
        """Delete proofs that are refused by now because of their own time. Return how many there were."""


@dataclass(frozen=True, slots=True)
class Challenge:
    text: str
    expires_at: datetime


class Challenges(Protocol):
    def issue(self, user_id: UUID, device_id: UUID, *, at: datetime) -> Challenge:
        """Issue a challenge that only this user's device can answer, within minutes."""

    def check(self, text: str, user_id: UUID, device_id: UUID, *, at: datetime) -> None:
        """Raise InvalidChallenge if the challenge is not ours, is for another user or device, or has expired."""


@dataclass(frozen=True, slots=True)
class UsedProof:
    """`digest` is the digest of the proof's id (`jti`). It is stored until `expires_at`."""

    digest: bytes
    expires_at: datetime


class DeviceProofs(Protocol):
    def check(self, text: str, key: DeviceKey, *, at: datetime) -> UsedProof:
        """Check that the key signed this request (RFC 9449). Raise DeviceProofRefused, also if another key signed it."""


class DeviceSignatures(Protocol):
    def is_key(self, algorithm: KeyAlgorithm, public_key: bytes) -> bool: ...

    def verify(self, algorithm: KeyAlgorithm, public_key: bytes, signature: bytes, message: bytes) -> bool: ...
