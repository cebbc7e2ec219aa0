"""Fakes of accounts: users, the people behind them, their passwords."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from identity.application.ports.passwords import Verified
from identity.application.users.views import UserFilter, UserSort, UserView
from identity.domain.email_address import canonical_email
from identity.domain.email_undo import PASSWORDS_KEPT_FOR
from identity.domain.errors import AccountExists
from identity.domain.profile import Profile
from identity.domain.user import EARLIER_KEPT, InitialRole, User, UserStatus
from kernel.assurance import Factors
from kernel.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from services.identity.tests.fakes.unit_of_work import Store

LONG_AGO = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


class FakeUsers:
    """`locked` are the users that the transaction holds, for what may only be asked under their lock."""

    def __init__(self, store: "Store", locked: set[UUID]) -> None:
        self._store = store
        self._locked = locked

    async def add(self, user: User) -> None:
        if user.username and any(other.username == user.username for other in self._store.users.values()):
            raise AccountExists
        self._store.users[user.id] = user
        self._locked.add(user.id)

    async def lock(self, user_id: UUID) -> User | None:
        self._locked.add(user_id)
        return self._store.users.get(user_id)

    async def factors_of(self, user_id: UUID) -> Factors:
        user = self._store.users.get(user_id)
        if user is None:
            raise NotFound(user_id=user_id)
        return user.factors

    async def holder_of(self, username: str) -> UUID | None:
        return next((user.id for user in self._store.users.values() if user.username == username), None)

    async def flush(self) -> None:
        users = self._store.users.values()
        names = [user.username for user in users if user.username]
        numbers = [self._store.profiles[user.id].phone for user in users if user.phone_verified_at]
        if len(names) != len(set(names)) or len(numbers) != len(set(numbers)):
            raise AccountExists

    async def lock_administrators(self) -> bool:
        return any(user.initial_role == InitialRole.ADMIN for user in self._store.users.values())


class FakeProfiles:
    def __init__(self, store: "Store") -> None:
        self._store = store

    async def add(self, user_id: UUID, profile: Profile) -> None:
        for other in self._store.profiles.values():
            if canonical_email(other.email) == canonical_email(profile.email):
                raise AccountExists
        self._store.profiles[user_id] = profile

    async def of(self, user_id: UUID) -> Profile:
        if user_id not in self._store.profiles:
            raise NotFound(user_id=user_id)
        return self._store.profiles[user_id]

    async def replace(self, user_id: UUID, profile: Profile) -> None:
        await self.of(user_id)
        others = [other for holder, other in self._store.profiles.items() if holder != user_id]
        if canonical_email(profile.email) in {canonical_email(other.email) for other in others}:
            raise AccountExists
        self._store.profiles[user_id] = profile

    async def holder_of_email(self, email: str) -> UUID | None:
        same = canonical_email(email)
        return next((holder for holder, profile in self._store.profiles.items() if canonical_email(profile.email) == same), None)

    async def holder_of_phone(self, phone: str) -> UUID | None:
        return next((each for each in await self.all_with_phone(phone) if self._store.users[each].phone_verified_at), None)

    async def all_with_phone(self, phone: str) -> Sequence[UUID]:
        return sorted(holder for holder, profile in self._store.profiles.items() if profile.phone == phone)


class FakePasswordHistory:
    def __init__(self, store: Any) -> None:
        self._kept: dict[UUID, list[tuple[str, datetime, bool]]] = store.password_history

    async def add(self, user_id: UUID, password_hash: str, *, replaced_at: datetime, from_known_device: bool = False) -> None:
        earlier = [(password_hash, replaced_at, from_known_device), *self._kept.get(user_id, [])]
        past = replaced_at - PASSWORDS_KEPT_FOR
        self._kept[user_id] = [each for place, each in enumerate(earlier) if place < EARLIER_KEPT or each[1] >= past]


@dataclass
class FakePasswords:
    """Hashes by reversal; `outdated` as when the parameters have changed since."""

    outdated: bool = False
    busy: bool = False
    verified: list[str | None] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        if self.busy:
            raise Unavailable
        return f"$argon2id${password[::-1]}"

    async def verify(self, password_hash: str | None, password: str) -> Verified:
        self.verified.append(password_hash)
        matches = password_hash == await self.hash(password) or password_hash == f"{await self.hash(password)}+"
        return Verified(matches, f"{await self.hash(password)}+" if matches and self.outdated else None)


class FakeContacts:
    def email(self, text: str) -> str:
        return text

    def phone(self, text: str) -> str:
        return text.replace(" ", "")

    def mobile(self, text: str) -> str:
        return self.phone(text)


def is_shown(status: UserStatus) -> bool:
    """Tell whether a user is shown to whoever does not ask for that status."""
    return status not in {UserStatus.DELETED, UserStatus.RESTRICTED}


def matching(views: list[UserView], which: UserFilter) -> list[UserView]:
    """Filter and sort as the SQL does."""
    found = [view for view in views if _matches(view, which)]
    if which.sort is UserSort.LATELY_SIGNED_IN:
        return sorted(found, key=lambda view: (view.last_sign_in_at or LONG_AGO, view.id), reverse=True)
    return sorted(found, key=lambda view: (view.registered_at, view.id), reverse=which.sort is UserSort.NEWEST)


def _matches(view: UserView, which: UserFilter) -> bool:
    return all(
        (
            view.status == which.status if which.status else is_shown(view.status),
            which.email is None or canonical_email(which.email) == canonical_email(view.email),
            which.phone in (None, view.phone),
            which.username in (None, view.username),
            which.verified in (None, view.email_verified_at is not None),
            which.registered_from is None or view.registered_at >= which.registered_from,
            which.registered_to is None or view.registered_at < which.registered_to,
        )
    )
