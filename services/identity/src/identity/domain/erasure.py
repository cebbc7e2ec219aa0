"""The erasure of a user: requested, acknowledged by every service that has data, and carried out when the law allows it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from identity.domain.errors import UnknownAcknowledgement
from identity.domain.events import ErasureRequested
from kernel.events import Aggregate
from kernel.ids import new_id

CONTEXTS: Final = frozenset({"payments", "governance", "compliance"})
# Services that have not answered after this time are asked again.
ASKED_AGAIN_AFTER: Final = timedelta(hours=12)
RECEIPT_TYPE: Final = "elcorp-erasure-receipt-v1"


class ErasureReason(StrEnum):
    """Codes only: a text that a person writes could be personal, and this record is kept permanently."""

    ASKED = "asked"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    NO_LONGER_NEEDED = "no_longer_needed"
    ORDERED = "ordered"


class ErasureStatus(StrEnum):
    REQUESTED = "requested"
    RESTRICTED = "restricted"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The answer of one service. `kept`: what it keeps, and why; `retain_until`: the law requires the name until then."""

    acknowledged_at: datetime
    kept: tuple[str, ...] = ()
    retain_until: datetime | None = None

    @property
    def document(self) -> dict[str, Any]:
        """Return the acknowledgement as JSON."""
        until = self.retain_until.isoformat() if self.retain_until else None
        return {"acknowledged_at": self.acknowledged_at.isoformat(), "kept": list(self.kept), "retain_until": until}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        until = document["retain_until"]
        return cls(
            datetime.fromisoformat(document["acknowledged_at"]),
            tuple(document["kept"]),
            datetime.fromisoformat(until) if until else None,
        )


@dataclass(eq=False)
class Erasure(Aggregate):
    """A user has one, permanently. Until it is carried out the account is restricted: no sign-in, and its data is not shown.

    `answers` are the acknowledgements as JSON, by service. `receipt` is signed once no personal data is left.
    """

    id: UUID
    user_id: UUID
    requested_by: str
    reason: ErasureReason
    requested_at: datetime
    asked_at: datetime
    status: ErasureStatus = ErasureStatus.REQUESTED
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    restricted_until: datetime | None = None
    erased_at: datetime | None = None
    receipt: dict[str, Any] | None = None

    @classmethod
    def request(cls, user_id: UUID, *, by: str, reason: ErasureReason, at: datetime) -> Self:
        erasure = cls(new_id(), user_id, by, reason, requested_at=at, asked_at=at)
        erasure._ask(at)
        return erasure

    @property
    def acknowledgements(self) -> dict[str, Acknowledgement]:
        return {context: Acknowledgement.of(document) for context, document in sorted(self.answers.items())}

    @property
    def is_answered(self) -> bool:
        return self.answers.keys() >= CONTEXTS

    def acknowledge(self, context: str, acknowledgement: Acknowledgement) -> bool:
        """Record a service's answer. Return False if it has answered before: the first answer counts.

        Raise UnknownAcknowledgement for a service that was not asked.
        """
        if context not in CONTEXTS:
            raise UnknownAcknowledgement(context=context)
        if context in self.answers:
            return False
        # A new mapping, because SQLAlchemy does not detect changes inside the old one.
        self.answers = {**self.answers, context: acknowledgement.document}
        if self.is_answered:
            self.status = ErasureStatus.RESTRICTED
            dates = (answer.retain_until for answer in self.acknowledgements.values())
            self.restricted_until = max((date for date in dates if date), default=self.requested_at)
        return True

    def is_due(self, at: datetime) -> bool:
        return self.status is ErasureStatus.RESTRICTED and self.restricted_until is not None and self.restricted_until <= at

    def ask_again(self, *, at: datetime) -> bool:
        """Ask the services that have not answered. Return False if that is not due."""
        if self.status is not ErasureStatus.REQUESTED or at < self.asked_at + ASKED_AGAIN_AFTER:
            return False
        self.asked_at = at
        self._ask(at)
        return True

    def statement(self, *, key_digest: str, at: datetime) -> dict[str, Any]:
        """Return the receipt's statement: what was destroyed, when, and what each service keeps. It has no personal data."""
        return {
            "type": RECEIPT_TYPE,
            "erasure_id": str(self.id),
            "user_id": str(self.user_id),
            "requested_at": self.requested_at.isoformat(),
            "erased_at": at.isoformat(),
            "destroyed_key_sha256": key_digest,
            "acknowledgements": {context: answer.document for context, answer in self.acknowledgements.items()},
        }

    def complete(self, receipt: dict[str, Any], *, at: datetime) -> None:
        self.status, self.erased_at, self.receipt = ErasureStatus.ERASED, at, receipt

    def _ask(self, at: datetime) -> None:
        self.announce(ErasureRequested(occurred_at=at, erasure_id=self.id, user_id=self.user_id, requested_at=self.requested_at))
