"""What can be asked about accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.user import UserStatus
from kernel.pages import Page, PageRequest


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


class AccountQueries(Protocol):
    async def user(self, user_id: UUID) -> UserView | None:
        """Find a user who is not deleted."""

    async def users(self, page: PageRequest) -> Page[UserView]:
        """List users who are not deleted, newest first."""

    async def subject(self, subject_id: UUID) -> SubjectView | None: ...
