"""A user: the account, its credentials and its status. Personal data is in the profile."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from identity.domain.events import UserFactorsChanged, UserRegistered, UserStatusChanged
from kernel.assurance import Factors
from kernel.errors import NotFound, StaleVersion
from kernel.events import Aggregate
from kernel.ids import new_id


class UserStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    RESTRICTED = "restricted"
    ERASED = "erased"


class InitialRole(StrEnum):
    """The role that a user gets at registration. Governance grants all later roles."""

    USER = "user"
    ADMIN = "admin"


# A new password must differ from the last five: the current one and these earlier ones.
EARLIER_KEPT: Final = 4
# In the form of a hash, but of no password.
NO_PASSWORD: Final = "$argon2id$erased"  # noqa: S105
# Other verbs change an account that is deleted, or restricted until its erasure.
_MAY_CHANGE: Final = frozenset({UserStatus.ACTIVE, UserStatus.SUSPENDED})


@dataclass(eq=False)
class User(Aggregate):
    """`password_hash` is a PHC string.

    `suspended_at_deletion`: whether a deleted account was suspended before. None if it is not deleted, or was deleted before this
    was recorded. `factors_version`: the version of the factors that access tokens claim; see `Factors`.
    """

    id: UUID
    username: str | None
    password_hash: str
    password_changed_at: datetime
    status: UserStatus
    initial_role: InitialRole
    agreed_terms_at: datetime | None
    registered_at: datetime
    last_sign_in_at: datetime | None = None
    version: int = 1
    email_verified_at: datetime | None = None
    phone_verified_at: datetime | None = None
    deleted_at: datetime | None = None
    second_factor_since: datetime | None = None
    suspended_at_deletion: bool | None = None
    factors_version: int = 0

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

    @property
    def is_closed_permanently(self) -> bool:
        return self.status in {UserStatus.RESTRICTED, UserStatus.ERASED}

    @property
    def has_second_factor(self) -> bool:
        return self.second_factor_since is not None

    @property
    def factors(self) -> Factors:
        return Factors(self.factors_version, self.has_second_factor)

    def gain_factor(self, *, at: datetime) -> None:
        """Require the second factor from now on. When it is the first one, earlier tokens prove nothing.

        A further factor does not change what tokens claim.
        """
        if self.second_factor_since is None:
            self.second_factor_since = at
            self._change_factors(at)

    def lose_factor(self, *, last: bool, at: datetime) -> None:
        """Make earlier tokens prove nothing, because they may claim the removed factor."""
        if last:
            self.second_factor_since = None
        self._change_factors(at)

    def _change_factors(self, at: datetime) -> None:
        self.factors_version += 1
        self.announce(
            UserFactorsChanged(
                occurred_at=at,
                user_id=self.id,
                factors_version=self.factors_version,
                has_second_factor=self.has_second_factor,
            )
        )

    def note_sign_in(self, *, at: datetime) -> None:
        self.last_sign_in_at = at

    def verify_email(self, *, at: datetime) -> None:
        self.email_verified_at = at
        self.version += 1

    def verify_phone(self, *, at: datetime) -> None:
        self.phone_verified_at = at
        self.version += 1

    def change_details(self, *, username: str | None) -> None:
        """Record that the profile or the username has changed."""
        self.username = username
        self.version += 1

    def lose_phone(self) -> None:
        """Record the removal of a number that was never verified: another user has verified it."""
        self.version += 1

    def change_password(self, password_hash: str, *, at: datetime) -> None:
        self.password_hash, self.password_changed_at = password_hash, at
        self.version += 1

    def suspend(self, reason: str, *, at: datetime) -> bool:
        """Suspend the user. Return False if they are suspended already. Raise NotFound for a deleted account."""
        return self._become(UserStatus.SUSPENDED, reason, at)

    def activate(self, reason: str, *, at: datetime) -> bool:
        """Allow a suspended user to act again. Return False if they are active already. Raise NotFound for a deleted account."""
        return self._become(UserStatus.ACTIVE, reason, at)

    def delete(self, reason: str, *, at: datetime) -> bool:
        """Close the account. Its data stays until erasure. Return False if already closed. Raise NotFound like `suspend`."""
        if not self.may_become(UserStatus.DELETED):
            return False
        self.deleted_at, self.suspended_at_deletion = at, self.status == UserStatus.SUSPENDED
        return self._become(UserStatus.DELETED, reason, at)

    def restore(self, reason: str, *, at: datetime) -> bool:
        """Reopen a closed account, suspended if it was or if that is unknown. Return False if it is not closed."""
        if self.status != UserStatus.DELETED:
            return False
        status = UserStatus.ACTIVE if self.suspended_at_deletion is False else UserStatus.SUSPENDED
        self.deleted_at = self.suspended_at_deletion = None
        self._set_status(status, reason, at)
        return True

    def restrict(self, *, at: datetime) -> None:
        """Close the account permanently. Its data is erased when the law allows it."""
        self._close_as(UserStatus.RESTRICTED, at)

    def erase(self, *, at: datetime) -> None:
        """Keep only the id, which no longer leads to a person."""
        self.username = self.email_verified_at = self.phone_verified_at = self.second_factor_since = None
        self.password_hash = NO_PASSWORD
        self._close_as(UserStatus.ERASED, at)

    def _close_as(self, status: UserStatus, at: datetime) -> None:
        self._set_status(status, "erasure", at)

    def require_version(self, expected: int | None) -> None:
        """Raise StaleVersion if the account has changed since the caller read it."""
        if expected is not None and expected != self.version:
            raise StaleVersion(version=self.version)

    def may_become(self, status: UserStatus) -> bool:
        """Return whether suspending, activating or deleting would have an effect. Raise NotFound if it is not allowed."""
        if status is UserStatus.DELETED and self.status is status:
            return False
        if self.status not in _MAY_CHANGE:
            raise NotFound(user_id=self.id)
        return self.status is not status

    def _become(self, status: UserStatus, reason: str, at: datetime) -> bool:
        if not self.may_become(status):
            return False
        self._set_status(status, reason, at)
        return True

    def _set_status(self, status: UserStatus, reason: str, at: datetime) -> None:
        self.status = status
        self.version += 1
        self.announce(
            UserStatusChanged(occurred_at=at, user_id=self.id, status=status.value, reason=reason, version=self.version)
        )

    def strengthen_hash(self, password_hash: str) -> None:
        """Replace the hash of the same password with one under today's parameters."""
        self.password_hash = password_hash
