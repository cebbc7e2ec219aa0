"""The read models of users."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from identity.domain.user import UserStatus
from kernel.feeds import FeedPage
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class UserView:
    """`email_takes_mail`: False if an earlier release stored the address folded and the owner has not confirmed it since."""

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
    version: int
    email_verified_at: datetime | None
    phone_verified_at: datetime | None
    email_takes_mail: bool = True


@dataclass(frozen=True, slots=True)
class SubjectView:
    """`is_closed`: deleted, waiting for erasure, or erased. A user who is neither active nor closed is suspended."""

    id: UUID
    is_active: bool
    is_closed: bool


@dataclass(frozen=True, slots=True)
class StandingView:
    """`version` is the user's, which grows with each change of the status."""

    user_id: UUID
    status: UserStatus
    version: int


class UserSort(StrEnum):
    NEWEST = "-registered_at"
    OLDEST = "registered_at"
    LATELY_SIGNED_IN = "-last_sign_in_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Filters of a list of users. Deleted users are listed only by status. E-mail and phone match as a whole, by blind index."""

    status: UserStatus | None = None
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    username: str | None = None
    verified: bool | None = None
    registered_from: datetime | None = None
    registered_to: datetime | None = None
    sort: UserSort = UserSort.NEWEST


EVERYBODY: Final = UserFilter()


class UserViews(Protocol):
    async def user(self, user_id: UUID) -> UserView | None:
        """Find a user who is not deleted."""

    async def users(self, page: PageRequest, which: UserFilter = EVERYBODY) -> Page[UserView]:
        """List users page by page."""

    async def subject(self, subject_id: UUID) -> SubjectView | None: ...

    async def subjects(self, subject_ids: Sequence[UUID]) -> Sequence[SubjectView]:
        """Read many subjects with one statement, in the requested order. Unknown ones are left out."""

    async def standings(self, cursor: str, *, limit: int) -> FeedPage[StandingView]:
        """Read the standings of all users in the order of their last change."""


class UserDataViews(Protocol):
    async def held_about(self, user_id: UUID) -> dict[str, Any] | None:
        """Return all data that identity holds about a user, unsealed, as JSON, or None for an unknown user.

        It has no secrets: no hash, seed or token.
        """
