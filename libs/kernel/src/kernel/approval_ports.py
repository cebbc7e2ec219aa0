"""The ports of approvals: the store in a transaction, what a service does for each kind, and the deciders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, TypeVar
from uuid import UUID

from kernel.actor import Actor
from kernel.approvals import Approval, ApprovalAsked, ApprovalDecision, ApprovalState, DeciderVote, Outcome
from kernel.errors import DomainError

TxT_contra = TypeVar("TxT_contra", contravariant=True)
ThingT = TypeVar("ThingT")
DecidedT_co = TypeVar("DecidedT_co", covariant=True)


class Approvals(Protocol):
    """The approvals of a transaction. Lock the thing before its approval, or two transactions deadlock."""

    def ask(self, *asked: ApprovalAsked) -> None:
        """Ask, together with the transaction's next statements. Asking twice for one content asks once."""

    async def lock_of(self, kind: str, resource_id: UUID) -> Approval | None:
        """Lock the approval of a thing that is open, or else its last one."""

    async def close_of(self, kind: str, resource_ids: Sequence[UUID], state: ApprovalState, *, at: datetime) -> None:
        """End the open approvals of these things, if they have any. The caller has locked the things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A person's decision on one thing."""

    actor: Actor
    outcome: Outcome
    reason: str = ""
    at: datetime


class Approvable(Protocol[TxT_contra, ThingT]):
    """What a service does for one kind of thing that is approved."""

    KIND: ClassVar[str]

    async def prepare(self, *, actor: Actor, resource_id: UUID, outcome: Outcome) -> None:
        """Ask other services, outside of any transaction, whether the deed may happen now. Raise their refusals."""

    async def lock(self, tx: TxT_contra, resource_id: UUID) -> ThingT:
        """Lock the thing with all that the deed changes. Raise NotFound."""

    def content(self, thing: ThingT) -> Mapping[str, object]:
        """Return what is approved, as it is now."""

    def asked(self, thing: ThingT, *, at: datetime) -> ApprovalAsked:
        """Return what is asked, for a thing that an earlier release made wait."""

    async def rehearse(self, tx: TxT_contra, thing: ThingT, vote: Vote) -> None:
        """Raise the refusal of a person who may not decide, or of the deed. Change nothing that is stored."""

    def closed(self, thing: ThingT) -> DomainError:
        """Return the refusal of a decision on a thing that was decided already."""

    async def execute(self, tx: TxT_contra, thing: ThingT, decision: ApprovalDecision, *, at: datetime) -> None:
        """Do the deed, in the transaction that records that it is done."""


class Deciders(Protocol):
    """Whether people may decide on things of one kind, now."""

    async def require(self, asked: ApprovalAsked, votes: Sequence[DeciderVote]) -> None:
        """Raise a refusal if one of them may not decide on what is asked. Raise Unavailable if that is not known."""


class Decide(Protocol[DecidedT_co]):
    """The local decider of one kind: one entitled person's vote is the decision."""

    async def __call__(self, *, actor: Actor, resource_id: UUID, outcome: Outcome, reason: str = "") -> DecidedT_co:
        """Decide and carry the decision out. Return the thing as it is then; raise what `Approvable` raises."""
