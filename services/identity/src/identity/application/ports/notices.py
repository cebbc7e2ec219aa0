"""The ports of notices."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.notice import Notice, NoticeGroup
from identity.domain.notice_preferences import NoticePreferences
from identity.domain.notice_request import NoticeRequest
from identity.domain.user import UserStatus
from kernel import transaction
from kernel.actor import Actor
from kernel.notices import Recipient


@dataclass(frozen=True, slots=True)
class NoticeRecipient:
    """A person who has a key, with their mails and notices of the last hour."""

    user_id: UUID
    status: UserStatus
    preferences: NoticePreferences
    mails_within_hour: int
    notices_within_hour: Mapping[NoticeGroup, int]


class NoticeRequests(Protocol):
    async def add(self, request: NoticeRequest) -> NoticeRequest:
        """Store a request and queue its job in this transaction. Return the earlier one of the same producer and key, if any."""

    async def lock(self, request_id: UUID) -> NoticeRequest | None: ...

    async def queue(self, request_id: UUID) -> None:
        """Queue the job of a request again."""

    async def purge(self, before: datetime, *, limit: int) -> int:
        """Delete requests that were completed before a time."""


class NoticeRequestTransaction(transaction.Transaction, Protocol):
    """The transaction that stores a request. It needs no master key, so a process without one can use it."""

    @property
    def notice_requests(self) -> NoticeRequests: ...


class NoticeRequestUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[NoticeRequestTransaction]: ...


class NoticeRepository(Protocol):
    async def recipients(self, user_ids: Sequence[UUID], *, at: datetime) -> Sequence[NoticeRecipient]:
        """Find people in id order, and lock their notices until the transaction ends. Omit those without a key."""

    async def add(self, notice: Notice, facts: Mapping[str, str | int]) -> None:
        """Seal the facts under the person's key and add the notice. Raise NotFound for an erased person."""

    async def withhold(
        self, recipient: NoticeRecipient, group: NoticeGroup, *, is_listed: bool, mail_due_at: datetime | None, at: datetime
    ) -> None:
        """Count a notice beyond the limit, in the one notice of the hour that stands for all of them. It is unread again."""

    async def facts_of(self, notice: Notice) -> Mapping[str, str | int]:
        """Open a notice's facts. Raise NotFound for an erased person."""

    async def lock(self, user_id: UUID, notice_id: UUID) -> Notice | None:
        """Find a listed notice and lock it until the transaction ends."""

    async def lock_unread(self, user_id: UUID, *, until: UUID, limit: int) -> Sequence[Notice]:
        """Find the listed notices up to an id that are not read, oldest first, and lock them."""

    async def lock_due(self, user_id: UUID, at: datetime, *, limit: int) -> Sequence[Notice]:
        """Find a person's notices whose mail is due, oldest first, and lock them."""

    async def preferences(self, user_id: UUID) -> NoticePreferences: ...

    async def set_preferences(self, user_id: UUID, preferences: NoticePreferences, *, at: datetime) -> None:
        """Seal preferences under the person's key. Lock the user first. Raise NotFound for an erased person."""

    async def purge(self, *, read_before: datetime, created_before: datetime, limit: int) -> int:
        """Delete notices that were read before a time, or created before another."""


class NoticeBook(Protocol):
    """What jobs look for."""

    async def people_with_due_mail(self, at: datetime, *, limit: int) -> Sequence[UUID]: ...

    async def left_requests(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        """Return the open requests received before a time that have no job, oldest first."""


class RecipientKinds(Protocol):
    def require(self, recipient: Recipient) -> None:
        """Raise UnknownRecipients if no service can list this kind of recipients yet, InvalidValue for an invalid reference."""


class RecipientDirectory(Protocol):
    async def page(self, recipient: Recipient, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Return the next people, in id order; fewer than `limit` are the last ones.

        Raise UnknownRecipients for an unknown role or permission, Unavailable if a later attempt may succeed.
        """
