"""What identity announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered(Event):
    user_id: UUID
    wallet_address: UUID
    initial_role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStatusChanged(Event):
    """`version` is the account's after the change; it orders changes."""

    user_id: UUID
    status: str
    reason: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFactorsChanged(Event):
    """What access tokens of a lower version say of the sign-in is no longer true."""

    user_id: UUID
    factors_version: int
    has_second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """`tokens_valid_until`: until when an access token of the session could still be unexpired."""

    session_id: UUID
    user_id: UUID
    tokens_valid_until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKeyRevoked(Event):
    key_id: UUID
    user_id: UUID
    device_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAddressIssued(Event):
    """One more address; that of the registration comes with UserRegistered."""

    user_id: UUID
    address: UUID
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAddressRetired(Event):
    user_id: UUID
    address: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequested(Event):
    erasure_id: UUID
    user_id: UUID
    requested_at: datetime
