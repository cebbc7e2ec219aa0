"""What identity can be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from identity.domain.profile import canonical_email
from identity.domain.signing_key import SigningKey
from identity.domain.user import UserStatus
from kernel.pages import Page, PageRequest


class NameKind(StrEnum):
    EMAIL = "email"
    USERNAME = "username"


@dataclass(frozen=True, slots=True)
class SignInName:
    """What a user signs in by, in the form in which it is unique."""

    kind: NameKind
    text: str

    @classmethod
    def email(cls, text: str) -> "SignInName":
        return cls(NameKind.EMAIL, canonical_email(text))

    @classmethod
    def username(cls, text: str) -> "SignInName":
        # Not refused for its form: a name that cannot exist is answered like one that does not.
        return cls(NameKind.USERNAME, text.strip().lower())


@dataclass(frozen=True, slots=True)
class CredentialView:
    user_id: UUID
    password_hash: str
    password_changed_at: datetime
    is_active: bool


@dataclass(frozen=True, slots=True)
class UserView:
    id: UUID
    username: str | None
    full_name: str
    email: str
    phone: str | None
    organization: str | None
    status: UserStatus
    wallet_address: UUID
    registered_at: datetime
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class SubjectView:
    id: UUID
    is_active: bool


@dataclass(frozen=True, slots=True)
class SessionView:
    id: UUID
    device_id: UUID
    methods: tuple[str, ...]
    started_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class WalletAddressView:
    address: UUID
    issued_at: datetime
    retired_at: datetime | None


class IdentityQueries(Protocol):
    async def credential(self, name: SignInName) -> CredentialView | None: ...

    async def user(self, user_id: UUID) -> UserView | None:
        """Find a user who is not deleted."""

    async def users(self, page: PageRequest) -> Page[UserView]:
        """List users who are not deleted, newest first."""

    async def subject(self, subject_id: UUID) -> SubjectView | None: ...

    async def sessions_of(self, user_id: UUID, page: PageRequest) -> Page[SessionView]:
        """List a user's sessions, newest first, the ended ones too."""

    async def wallet_addresses_of(self, user_id: UUID, page: PageRequest) -> Page[WalletAddressView]:
        """List a user's wallet addresses, oldest first."""

    async def signing_keys(self) -> Sequence[SigningKey]:
        """Return the keys that verifiers may still meet."""
