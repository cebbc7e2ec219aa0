"""The events that identity publishes."""

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
    """`version` is the account's version after the change. It orders changes."""

    user_id: UUID
    status: str
    reason: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFactorsChanged(Event):
    """Access tokens of a lower version make untrue claims about the sign-in."""

    user_id: UUID
    factors_version: int
    has_second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """`tokens_valid_until`: until when an access token of the session can be unexpired."""

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
    """A further address. UserRegistered has the first one."""

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
