"""Approvals: what is asked, how it was decided, and what became of it.

A service asks for an approval of one thing, with a digest of its content. A decider answers with a signed decision on that
digest. The asking service carries the decision out once (docs/adr/0047-approvals-as-a-port.md).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self
from uuid import UUID

from kernel.canonical_json import canonical, instant_text
from kernel.errors import DomainError, Kind
from kernel.money import Money

# The first line of what is digested and signed, so that neither can be mistaken for another text. A new form gets a new line.
CONTENT_V1: Final = b"elcorp-approval-content-v1\n"
DECISION_V1: Final = b"elcorp-approval-decision-v1\n"
CONTENT_BYTES_MAX: Final = 65_536
DECIDERS_MAX: Final = 100


class Outcome(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ApprovalState(StrEnum):
    """`decided`: not carried out yet. `execution_failed`: the service refused the deed; it may be decided again.

    `superseded`: the thing changed after it was asked for. `withdrawn` and `expired`: nobody may decide any more.
    """

    PENDING = "pending"
    DECIDED = "decided"
    EXECUTED = "executed"
    EXECUTION_FAILED = "execution_failed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


_DECIDABLE: Final = frozenset({ApprovalState.PENDING, ApprovalState.EXECUTION_FAILED})
_OPEN: Final = _DECIDABLE | {ApprovalState.DECIDED}


class ApprovalClosed(DomainError):
    """The approval was decided, withdrawn or has expired."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code: ClassVar[str] = "APR_001"


class DecisionInvalid(DomainError):
    """The decision is not signed by a decider of this approval, or is about something else."""

    kind: ClassVar[Kind] = Kind.REFUSED
    code: ClassVar[str] = "APR_002"


class ContentChanged(DomainError):
    """What was approved has changed since; ask again."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code: ClassVar[str] = "APR_003"


class ApprovalDamaged(DomainError):
    """The stored approval does not agree with its digest."""


class ContentTooLarge(DomainError):
    """The content of an approval is limited to 64 KiB; ask with a digest of its parts."""

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "APR_004"


def content_digest(kind: str, resource_id: UUID, content: Mapping[str, object]) -> bytes:
    """Return the SHA-256 of a thing that is asked for, 32 bytes. Raise ContentTooLarge."""
    text = canonical({"kind": kind, "resource_id": str(resource_id), "content": dict(content)})
    if len(text) > CONTENT_BYTES_MAX:
        raise ContentTooLarge(kind=kind, resource_id=resource_id, bytes=len(text))
    return hashlib.sha256(CONTENT_V1 + text).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked:
    """`kind` names what is asked, "<context>.<noun>". `content` is the thing in JSON, of which the digest is made.

    `facts` tell the deciders more, and may change without effect on the digest. `on_behalf_of` is the person for whom it was
    asked.
    """

    id: UUID
    kind: str
    resource_id: UUID
    content: Mapping[str, object]
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    on_behalf_of: UUID | None = None
    organization_id: UUID | None = None
    amount: Money | None = None
    reason: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def digest(self) -> bytes:
        return content_digest(self.kind, self.resource_id, self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeciderVote:
    """What one person decided, and when."""

    by: UUID
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecision:
    """`decider` is the service that counted the votes and signs. The decision has no effect from `valid_until` on."""

    approval_id: UUID
    digest: bytes
    outcome: Outcome
    decider: str
    votes: Sequence[DeciderVote]
    decided_at: datetime
    valid_until: datetime
    reason: str = ""

    @property
    def statement(self) -> bytes:
        """The decision in canonical JSON."""
        return canonical(
            {
                "approval_id": str(self.approval_id),
                "digest": self.digest.hex(),
                "outcome": self.outcome.value,
                "decider": self.decider,
                "votes": [
                    {"by": str(vote.by), "outcome": vote.outcome.value, "at": instant_text(vote.at)} for vote in self.votes
                ],
                "decided_at": instant_text(self.decided_at),
                "valid_until": instant_text(self.valid_until),
                "reason": self.reason,
            }
        )

    @property
    def signed_text(self) -> bytes:
        return DECISION_V1 + self.statement

    @classmethod
    def read(cls, statement: bytes) -> Self:
        """Read a statement. Raise DecisionInvalid unless it is in canonical form: one decision has one text."""
        try:
            given = json.loads(statement)
            decision = cls(
                approval_id=UUID(given["approval_id"]),
                digest=bytes.fromhex(given["digest"]),
                outcome=Outcome(given["outcome"]),
                decider=given["decider"],
                votes=tuple(
                    DeciderVote(by=UUID(vote["by"]), outcome=Outcome(vote["outcome"]), at=datetime.fromisoformat(vote["at"]))
                    for vote in given["votes"][: DECIDERS_MAX + 1]
                ),
                decided_at=datetime.fromisoformat(given["decided_at"]),
                valid_until=datetime.fromisoformat(given["valid_until"]),
                reason=given["reason"],
            )
            is_canonical = decision.statement == statement and len(decision.votes) <= DECIDERS_MAX
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DecisionInvalid from None
        if not is_canonical:
            raise DecisionInvalid
        return decision


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDecision:
    """A decision and its Ed25519 signature (64 bytes) over `signed_text`, by the key `key_id`."""

    decision: ApprovalDecision
    key_id: str
    signature: bytes


@dataclass(eq=False, kw_only=True)
class Approval:
    """`decision` is the last one, `decisions` the number of them: one that failed may be followed by another.

    `is_of_this_request`: the decision was recorded by the idempotent request that runs, before it was interrupted.
    """

    asked: ApprovalAsked
    state: ApprovalState = ApprovalState.PENDING
    decision: SignedDecision | None = None
    decisions: int = 0
    decided_at: datetime | None = None
    closed_at: datetime | None = None
    failure: str | None = None
    is_of_this_request: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN

    @property
    def is_decidable(self) -> bool:
        return self.state in _DECIDABLE

    def decide(self, signed: SignedDecision, *, at: datetime) -> None:
        """Record a decision, whose signature was verified. Raise ApprovalClosed, or DecisionInvalid if it is on another thing."""
        decision = signed.decision
        if decision.approval_id != self.asked.id or decision.digest != self.asked.digest:
            raise DecisionInvalid(approval_id=self.asked.id)
        if not self.is_decidable or at >= min(self.asked.expires_at, decision.valid_until):
            raise ApprovalClosed(approval_id=self.asked.id, state=self.state)
        self.state, self.decision, self.decisions, self.failure = ApprovalState.DECIDED, signed, self.decisions + 1, None
        self.decided_at = at

    def require_executable(self, digest: bytes, *, at: datetime) -> ApprovalDecision:
        """Return the decision to carry out. `digest` is that of the thing as it is now.

        Raise ApprovalClosed unless it is decided and valid, DecisionInvalid if the decision is on another thing, ContentChanged.
        """
        if self.state is not ApprovalState.DECIDED or self.decision is None:
            raise ApprovalClosed(approval_id=self.asked.id, state=self.state)
        decision = self.decision.decision
        if decision.approval_id != self.asked.id or decision.digest != self.asked.digest:
            raise DecisionInvalid(approval_id=self.asked.id)
        if digest != self.asked.digest:
            raise ContentChanged(approval_id=self.asked.id)
        if at >= decision.valid_until:
            raise ApprovalClosed(approval_id=self.asked.id, state=ApprovalState.EXPIRED)
        return decision

    def execute(self, *, at: datetime) -> None:
        """Record that the decision was carried out."""
        self._require(ApprovalState.DECIDED)
        self.state, self.closed_at = ApprovalState.EXECUTED, at

    def fail(self, failure: str) -> None:
        """Record that the service refused the deed. Another decision may follow."""
        self._require(ApprovalState.DECIDED)
        self.state, self.failure = ApprovalState.EXECUTION_FAILED, failure

    def close(self, state: ApprovalState, *, at: datetime) -> None:
        """Withdraw, expire or supersede it. A decision that was not carried out has no effect any more."""
        if state not in {ApprovalState.WITHDRAWN, ApprovalState.EXPIRED, ApprovalState.SUPERSEDED}:
            raise ValueError(f"{state} is not the end of an approval without a deed")
        self._require(*_OPEN)
        self.state, self.closed_at = state, at

    def _require(self, *states: ApprovalState) -> None:
        if self.state not in states:
            raise ApprovalClosed(approval_id=self.asked.id, state=self.state)
