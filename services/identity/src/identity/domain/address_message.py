"""A message to an address without an account, such as an invitation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from identity.domain.errors import NoticeKeyReused

HELD_FOR: Final = timedelta(hours=72)
# A person could be flooded with invitations, by one organization or by many.
PER_HOUR_MAX: Final = 5


@dataclass(eq=False)
class AddressMessage:
    """`sealed` has the address and the text, under `wrapped`, a key of this message alone.

    Both are destroyed when the message is delivered, given up or at `expires_at`; a developer's mailbox keeps what is delivered
    until then. `digest` and `to_digest`, by which the messages to an address are counted, are keyed, so they disclose
    none.
    """

    id: UUID
    caller: str
    key: str
    digest: bytes
    template: str
    wrapped: bytes | None
    sealed: bytes | None
    queued_at: datetime
    expires_at: datetime
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    to_digest: bytes | None = None

    def is_waiting(self, at: datetime) -> bool:
        return self.is_unsettled and at < self.expires_at

    @property
    def is_unsettled(self) -> bool:
        return self.delivered_at is None and self.failed_at is None

    def confirm_replay(self, other: "AddressMessage") -> None:
        """Raise NoticeKeyReused if the other message with this key is a different one."""
        if self.digest != other.digest:
            raise NoticeKeyReused(caller=self.caller, key=self.key)

    def deliver(self, *, at: datetime, keep_content: bool = False) -> None:
        self.delivered_at = at
        if not keep_content:
            self.forget()

    def fail(self, *, at: datetime) -> None:
        """Give up a message that expired or can never be delivered."""
        self.failed_at = at
        self.forget()

    def forget(self) -> None:
        self.wrapped = self.sealed = None
