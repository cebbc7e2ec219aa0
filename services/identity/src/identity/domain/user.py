"""A user: the account, its credential and whether it may act. Personal data lives in the profile."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from identity.domain.events import UserRegistered
from kernel.events import Aggregate
from kernel.ids import new_id


class UserStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class InitialRole(StrEnum):
    """The role that identity vouches for at registration; every later role is governance's."""

    USER = "user"
    ADMIN = "admin"


@dataclass(eq=False)
class User(Aggregate):
    """`password_hash` is a PHC string."""

    id: UUID
    username: str | None
    password_hash: str
    password_changed_at: datetime
    status: UserStatus
    initial_role: InitialRole
    agreed_terms_at: datetime | None
    registered_at: datetime
    last_sign_in_at: datetime | None = None

    @classmethod
    def register(
        cls,
        *,
        username: str | None,
        password_hash: str,
        wallet_address: UUID,
        initial_role: InitialRole,
        agreed_terms_at: datetime | None,
        at: datetime,
        user_id: UUID | None = None,
    ) -> Self:
        user = cls(
            user_id or new_id(), username, password_hash, at, UserStatus.ACTIVE, initial_role, agreed_terms_at, registered_at=at
        )
        user.announce(
            UserRegistered(occurred_at=at, user_id=user.id, wallet_address=wallet_address, initial_role=initial_role.value)
        )
        return user

    @property
    def is_active(self) -> bool:
        return self.status == UserStatus.ACTIVE

    def note_sign_in(self, *, at: datetime) -> None:
        self.last_sign_in_at = at

    def strengthen_hash(self, password_hash: str) -> None:
        """Keep the same password under today's hash parameters."""
        self.password_hash = password_hash
