"""A message to a user: its template, its channel, and whether it was delivered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Undeliverable(Exception):
    """The message can never be delivered."""


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Template(StrEnum):
    """`DECOY` is queued and never sent, so that both cases do the same work where a message would disclose something."""

    VERIFY_EMAIL = "verify_email"
    VERIFY_PHONE = "verify_phone"
    ALREADY_REGISTERED = "already_registered"
    REGISTRATION_CLASHED = "registration_clashed"
    ACCOUNT_CREATED = "account_created"
    NEW_DEVICE = "new_device"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a message's name, as the next two
    PASSWORD_RESET = "password_reset"  # noqa: S105
    PASSWORD_RESET_REQUIRED = "password_reset_required"  # noqa: S105
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    BACKUP_CODES_RENEWED = "backup_codes_renewed"
    SESSION_COMPROMISED = "session_compromised"
    RECOVERY_REQUESTED = "recovery_requested"
    RECOVERY_DECIDED = "recovery_decided"
    EMAIL_CHANGED = "email_changed"
    EMAIL_RESTORED = "email_restored"
    PHONE_CHANGED = "phone_changed"
    PHONE_REMOVED = "phone_removed"
    DEVICE_KEY_ADDED = "device_key_added"
    DATA_EXPORTED = "data_exported"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_ACTIVATED = "account_activated"
    ACCOUNT_DELETED = "account_deleted"
    ACCOUNT_RESTORED = "account_restored"
    ERASURE_REQUESTED = "erasure_requested"
    ERASED = "erased"
    # A notice that another service requested, and a list of such notices.
    NOTICE = "notice"
    NOTICE_DIGEST = "notice_digest"
    DECOY = "nobody"

    @property
    def channel(self) -> Channel:
        return Channel.SMS if self in _BY_SMS else Channel.EMAIL

    @property
    def is_notice(self) -> bool:
        """Return whether it reports a change of an account. Requested messages (codes, reset links) have other limits."""
        return self not in _ASKED_FOR

    @property
    def is_limited(self) -> bool:
        """Return whether the limit of notices of one kind holds. Requested notices have limits of their own (notice.py)."""
        return self.is_notice and self not in _OF_NOTICES


# Notices of one kind per account and hour. The limit is per kind, so that many of one kind cannot hide another.
NOTICES_PER_HOUR_MAX: Final = 5
_ASKED_FOR: Final = frozenset(
    {
        Template.VERIFY_EMAIL,
        Template.VERIFY_PHONE,
        Template.ALREADY_REGISTERED,
        Template.REGISTRATION_CLASHED,
        Template.PASSWORD_RESET,
        Template.RECOVERY_REQUESTED,
        Template.DECOY,
    }
)
_OF_NOTICES: Final = frozenset({Template.NOTICE, Template.NOTICE_DIGEST})
_BY_SMS: Final = frozenset({Template.VERIFY_PHONE})


@dataclass(eq=False)
class Message:
    """`sealed` has the recipient and the facts. It is deleted after delivery, unless a developer's mailbox keeps it.

    `asked_from` is the source (attempts.py) of the anonymous caller who caused the message, until delivery.
    """

    id: UUID
    user_id: UUID
    template: Template
    recipient_index: bytes | None
    sealed: bytes | None
    sealed_for_subject: bool
    asked_from: str | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        return self.delivered_at is None and self.failed_at is None and self.sealed is not None

    def deliver(self, *, at: datetime, keep_content: bool) -> None:
        self.delivered_at, self.asked_from = at, None
        if not keep_content:
            self._forget()

    def fail(self, *, at: datetime) -> None:
        """Give up a message that can never be delivered."""
        self.failed_at, self.asked_from = at, None
        self._forget()

    def _forget(self) -> None:
        self.sealed = self.recipient_index = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to send. Text messages have no subject."""

    id: UUID
    channel: Channel
    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        # Keep addresses and codes out of logs.
        return f"Letter(id={self.id}, channel={self.channel})"
