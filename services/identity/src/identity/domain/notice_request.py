"""A request of another service to inform a person or a group, until everyone is informed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from identity.domain.errors import NoticeKeyReused
from kernel.ids import new_id
from kernel.notices import Recipient, RecipientKind, Urgency


@dataclass(eq=False)
class NoticeRequest:
    """`facts` are deleted when everyone is informed. `informed_up_to` is the last person so far, in id order."""

    id: UUID
    producer: str
    key: str
    digest: bytes
    template: str
    recipient_kind: RecipientKind
    recipient_reference: str
    urgency: Urgency
    occurred_at: datetime
    received_at: datetime
    facts: Mapping[str, str] | None
    informed_up_to: UUID | None = None
    informed: int = 0
    completed_at: datetime | None = None
    failure: str | None = None

    @classmethod
    def receive(
        cls,
        *,
        producer: str,
        key: str,
        template: str,
        recipient: Recipient,
        facts: Mapping[str, str],
        urgency: Urgency,
        occurred_at: datetime,
        at: datetime,
    ) -> Self:
        content = [template, recipient.kind.value, recipient.reference, dict(facts), urgency.value]
        return cls(
            id=new_id(),
            producer=producer,
            key=key,
            digest=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest(),
            template=template,
            recipient_kind=recipient.kind,
            recipient_reference=recipient.reference,
            urgency=urgency,
            occurred_at=occurred_at,
            received_at=at,
            facts=dict(facts),
        )

    @property
    def recipient(self) -> Recipient:
        return Recipient(self.recipient_kind, self.recipient_reference)

    @property
    def is_open(self) -> bool:
        return self.completed_at is None

    def confirm_replay(self, other: "NoticeRequest") -> None:
        """Raise NoticeKeyReused if the other request with this key asks for something else."""
        if self.digest != other.digest:
            raise NoticeKeyReused(producer=self.producer, key=self.key)

    def advance(self, *, last: UUID | None, informed: int) -> None:
        self.informed_up_to = last or self.informed_up_to
        self.informed += informed

    def complete(self, *, at: datetime, failure: str | None = None) -> None:
        self.completed_at, self.failure, self.facts = at, failure, None
