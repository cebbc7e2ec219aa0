"""What can be asked about credentials and sessions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from identity.domain.email_address import canonical_email, lower_ascii
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
        return cls(NameKind.USERNAME, lower_ascii(text.strip()))


@dataclass(frozen=True, slots=True)
class CredentialView:
    user_id: UUID
    password_hash: str
    password_changed_at: datetime
    is_active: bool
    has_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class OriginView:
    """`program` is what the client says of itself, in words ("Firefox 140 on Windows"); None where it says nothing known."""

    address: str
    program: str | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """`last_active_at` is the last refresh, sign-in or step-up; `proven_at` the last of the latter two."""

    id: UUID
    user_id: UUID
    device_id: UUID
    methods: tuple[str, ...]
    started_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    proven_at: datetime
    last_active_at: datetime
    started_from: OriginView | None = None
    seen_from: OriginView | None = None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """`last_active_at` is the last refresh, or the last sign-in, `seen_from` from where; `session_id` its live session."""

    device_id: UUID
    name: str | None
    first_seen_at: datetime
    last_active_at: datetime
    known_since: datetime | None
    revoked_at: datetime | None
    session_id: UUID | None
    seen_from: OriginView | None = None


class SessionQueries(Protocol):
    async def credential_of(self, user_id: UUID) -> CredentialView | None: ...

    async def credential(self, name: SignInName) -> CredentialView | None: ...

    async def sessions_of(self, user_id: UUID, page: PageRequest, *, live: bool | None = None) -> Page[SessionView]:
        """List a user's sessions, newest first: those that live, those that have ended, or all."""

    async def session(self, session_id: UUID) -> SessionView | None: ...

    async def devices_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceView]:
        """List a user's devices by their last sign-in, latest first, the revoked ones too."""

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None: ...

    async def known_since(self, user_id: UUID, device_id: UUID) -> datetime | None:
        """Return since when a device is known to its user; None for one that is not, or was revoked."""
