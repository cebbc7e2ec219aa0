"""A user: the account, its credential and whether it may act. Personal data lives in the profile."""

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
    """The role that identity vouches for at registration; every later role is governance's."""

    USER = "user"
    ADMIN = "admin"


# None of the last five passwords may come back: the present one and these before it.
EARLIER_KEPT: Final = 4
# The form of a hash, and of no password.
NO_PASSWORD: Final = "$argon2id$erased"  # noqa: S105
# An account that is deleted, or restricted until it may be erased, changes by other verbs.
_MAY_CHANGE: Final = frozenset({UserStatus.ACTIVE, UserStatus.SUSPENDED})


@dataclass(eq=False)
class User(Aggregate):
    """`password_hash` is a PHC string.

    `suspended_at_deletion`: whether a deleted account was suspended before. None for one that is not deleted, and for one that
    was deleted before that was recorded. `factors_version`: of what access tokens say of the factors; see `Factors`.
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
        """No session starts without a second factor from now on, and tokens of before the first one prove nothing.

        One more factor makes nothing untrue that a token says.
        """
        if self.second_factor_since is None:
            self.second_factor_since = at
            self._change_factors(at)

    def lose_factor(self, *, last: bool, at: datetime) -> None:
        """Tokens of before prove nothing: they may speak of the factor that is gone."""
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
        """Note that the profile, or the username, is another."""
        self.username = username
        self.version += 1

    def lose_phone(self) -> None:
        """Note that a number which was never verified is gone: another user has verified it."""
        self.version += 1

    def change_password(self, password_hash: str, *, at: datetime) -> None:
        self.password_hash, self.password_changed_at = password_hash, at
        self.version += 1

    def suspend(self, reason: str, *, at: datetime) -> bool:
        """Keep the user from acting; False when that is so already. Raises NotFound for a deleted account."""
        return self._become(UserStatus.SUSPENDED, reason, at)

    def activate(self, reason: str, *, at: datetime) -> bool:
        """Let a suspended user act again; False when that is so already. Raises NotFound for a deleted account."""
        return self._become(UserStatus.ACTIVE, reason, at)

    def delete(self, reason: str, *, at: datetime) -> bool:
        """Close the account; its data stays until it is erased. False when it is closed already. Raises NotFound as suspend."""
        if not self.may_become(UserStatus.DELETED):
            return False
        self.deleted_at, self.suspended_at_deletion = at, self.status == UserStatus.SUSPENDED
        return self._become(UserStatus.DELETED, reason, at)

    def restore(self, reason: str, *, at: datetime) -> bool:
        """Open a closed account again, suspended where it was or where that is not known; False when it is not closed."""
        if self.status != UserStatus.DELETED:
            return False
        status = UserStatus.ACTIVE if self.suspended_at_deletion is False else UserStatus.SUSPENDED
        self.deleted_at = self.suspended_at_deletion = None
        self._set_status(status, reason, at)
        return True

    def restrict(self, *, at: datetime) -> None:
        """Close the account permanently; its data is erased when the law allows."""
        self._close_as(UserStatus.RESTRICTED, at)

    def erase(self, *, at: datetime) -> None:
        """Leave nothing but the id: whose it was, nobody can tell any more."""
        self.username = self.email_verified_at = self.phone_verified_at = self.second_factor_since = None
        self.password_hash = NO_PASSWORD
        self._close_as(UserStatus.ERASED, at)

    def _close_as(self, status: UserStatus, at: datetime) -> None:
        self._set_status(status, "erasure", at)

    def require_version(self, expected: int | None) -> None:
        """Raise StaleVersion when the account has changed since the caller read it."""
        if expected is not None and expected != self.version:
            raise StaleVersion(version=self.version)

    def may_become(self, status: UserStatus) -> bool:
        """Tell whether suspending, activating or deleting has an effect; raises NotFound for an account that it is not for."""
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
        """Keep the same password under today's hash parameters."""
        self.password_hash = password_hash
