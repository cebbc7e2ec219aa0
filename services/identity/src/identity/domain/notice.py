"""A notice: what a person should know. It is listed until they delete or outlive it, and sent by mail as they prefer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from identity.domain.user import UserStatus


class NoticeGroup(StrEnum):
    """What a notice is about. People choose channels per group."""

    SECURITY = "security"
    PAYMENTS = "payments"
    APPROVALS = "approvals"
    SYSTEM = "system"


class NoticeLanguage(StrEnum):
    ENGLISH = "en"
    AFRIKAANS = "af"


# Of one group, per person and hour. The limit is per group, so that many of one group cannot hide another.
NOTICES_PER_HOUR_MAX: Final = 30
# Mails of single notices to one person per hour. Later ones wait for the end of the hour, and go out as one list. Urgent ones
# do not wait: the limit above bounds them.
NOTICE_MAILS_PER_HOUR_MAX: Final = 10
READ_KEPT_FOR: Final = timedelta(days=180)
UNREAD_KEPT_FOR: Final = timedelta(days=365)


class MailedAs(StrEnum):
    NOTICE = "notice"
    DIGEST = "digest"


@dataclass(eq=False)
class Notice:
    """`sealed` has the facts, under the person's key. `mail_due_at` is set while a mail about it waits.

    `is_listed`: whether the person sees it in the app. `withheld` counts the further notices of its hour that it stands for.
    """

    id: UUID
    user_id: UUID
    request_id: UUID | None
    template: str
    group: NoticeGroup
    sealed: bytes
    is_listed: bool
    occurred_at: datetime
    created_at: datetime
    read_at: datetime | None = None
    mail_due_at: datetime | None = None
    mailed_at: datetime | None = None
    mailed_as: MailedAs | None = None
    withheld: int = 0

    def read(self, *, at: datetime) -> None:
        self.read_at = self.read_at or at

    def count_withheld(self) -> None:
        """Stand for one more notice, which the person has not read."""
        self.withheld += 1
        self.read_at = None

    def settle_mail(self, mailed_as: MailedAs | None, *, at: datetime) -> None:
        """End the wait for a mail, which was sent, or is no longer wanted (None)."""
        self.mail_due_at, self.mailed_as = None, mailed_as
        self.mailed_at = at if mailed_as else None


def may_be_informed(status: UserStatus, group: NoticeGroup) -> bool:
    """Return whether a person gets a notice. Suspended people get those about their security only."""
    return status is UserStatus.ACTIVE or (status is UserStatus.SUSPENDED and group is NoticeGroup.SECURITY)
