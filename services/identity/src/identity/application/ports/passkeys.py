"""The ports of passkeys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from identity.domain.passkey import Assertion, Ceremony, Passkey


class PasskeyRepository(Protocol):
    async def add(self, passkey: Passkey) -> None:
        """Add a passkey. Raise FactorExists if any user has registered the credential."""

    async def lock(self, passkey_id: UUID) -> Passkey | None: ...

    async def lock_credential(self, credential_id: bytes) -> Passkey | None: ...

    async def of(self, user_id: UUID) -> Sequence[Passkey]: ...

    async def remove(self, passkey: Passkey) -> None: ...


class Ceremonies(Protocol):
    def add(self, ceremony: Ceremony) -> None: ...

    async def lock(self, ceremony_id: UUID) -> Ceremony | None: ...


@dataclass(frozen=True, slots=True)
class NewCredential:
    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class AnsweringCredential:
    """`user_handle` is the user's id as the authenticator gives it, if it does."""

    credential_id: bytes
    user_handle: bytes | None

    def is_of(self, user_id: UUID) -> bool:
        return self.user_handle is None or self.user_handle == user_id.bytes


class WebAuthn(Protocol):
    def new_challenge(self) -> bytes: ...

    def registration_options(
        self, challenge: bytes, user_id: UUID, account: str, known: Sequence[bytes]
    ) -> Mapping[str, Any]: ...

    def sign_in_options(self, challenge: bytes, allowed: Sequence[bytes]) -> Mapping[str, Any]: ...

    def verify_registration(self, challenge: bytes, credential: Mapping[str, Any]) -> NewCredential:
        """Raise PasskeyRefused unless challenge, origin and platform are ours and the user was verified."""

    def answering(self, credential: Mapping[str, Any]) -> AnsweringCredential:
        """Return the credential that answers. Raise PasskeyRefused."""

    def verify_signature(self, challenge: bytes, credential: Mapping[str, Any], public_key: bytes) -> Assertion:
        """Return the signed data. Raise PasskeyRefused as above, or if the signature is invalid."""
