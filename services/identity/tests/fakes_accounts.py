"""Fakes of what accounts keep beside users: one-time codes, password history, filters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.accounts.queries import UserFilter, UserSort, UserView
from identity.domain.one_time_code import OneTimeCode
from identity.domain.user import EARLIER_KEPT, UserStatus

LONG_AGO = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


class FakePasswordHistory:
    def __init__(self, store: Any) -> None:
        self._kept: dict[UUID, list[str]] = store.password_history

    async def add(self, user_id: UUID, password_hash: str, *, replaced_at: datetime) -> None:
        self._kept[user_id] = [password_hash, *self._kept.get(user_id, [])][:EARLIER_KEPT]


class FakeOneTimeCodes:
    def __init__(self, store: Any) -> None:
        self._kept: dict[UUID, tuple[OneTimeCode, Mapping[str, str | None]]] = store.codes

    async def add(self, code: OneTimeCode, pending: Mapping[str, str | None]) -> None:
        self._kept[code.id] = code, dict(pending)

    async def lock(self, code_id: UUID) -> tuple[OneTimeCode, Mapping[str, str | None]] | None:
        return self._kept.get(code_id)

    async def settle(self, code: OneTimeCode) -> None:
        self._kept[code.id] = code, {}

    async def sent_since(self, target_index: bytes, since: datetime) -> int:
        codes = [code for code, _ in self._kept.values()]
        return sum(code.sends for code in codes if code.target_index == target_index and code.sent_at > since)

    async def forget(self, user_id: UUID) -> int:
        return self._drop([code.id for code, _ in self._kept.values() if code.user_id == user_id])

    async def purge(self, created_before: datetime) -> int:
        return self._drop([code.id for code, _ in self._kept.values() if code.created_at < created_before])

    def _drop(self, ids: Sequence[UUID]) -> int:
        for code_id in ids:
            del self._kept[code_id]
        return len(ids)


def matching(views: list[UserView], which: UserFilter) -> list[UserView]:
    """Filter and sort as the SQL does."""
    found = [view for view in views if _matches(view, which)]
    if which.sort is UserSort.LATELY_SIGNED_IN:
        return sorted(found, key=lambda view: (view.last_sign_in_at or LONG_AGO, view.id), reverse=True)
    return sorted(found, key=lambda view: (view.registered_at, view.id), reverse=which.sort is UserSort.NEWEST)


def _matches(view: UserView, which: UserFilter) -> bool:
    return all(
        (
            view.status == which.status if which.status else view.status != UserStatus.DELETED,
            which.email in (None, view.email),
            which.phone in (None, view.phone),
            which.username in (None, view.username),
            which.verified in (None, view.email_verified_at is not None),
            which.registered_from is None or view.registered_at >= which.registered_from,
            which.registered_to is None or view.registered_at < which.registered_to,
        )
    )
