"""What a request must have to be settled, judged as a whole: approval, signature, assurance. They are asked nowhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.actor import Actor, ActorKind
from kernel.assurance import STRONG, StepUpRequired
from payments.domain.approval import ApprovalRule, ApprovalRules, Outflow
from payments.domain.errors import ApprovalNeeded, SignatureRequired
from payments.domain.payer_policy import PayerPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerRequest:
    """All that a payer asks for at once: an order, linked legs, a file.

    `is_planned`: made later by a schedule or a file, whose payer showed what was needed when it was handed in.
    """

    initiator_id: UUID
    actor: Actor
    outflows: Sequence[Outflow]
    is_signed: bool = False
    is_planned: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request is still to have: the approval that these rules ask for, a signature, a step-up of the sign-in."""

    approval: tuple[str, ...] = ()
    signature: SignatureRequired | None = None
    step_up: StepUpRequired | None = None

    def require_proof(self) -> None:
        """Raise what only the payer can add: StepUpRequired or SignatureRequired."""
        if self.step_up:
            raise self.step_up
        if self.signature:
            raise self.signature

    def require_no_approval(self) -> None:
        """Raise ApprovalNeeded for a request that cannot wait for one."""
        if self.approval:
            raise ApprovalNeeded.of(self.approval)


NOTHING: Final = Needs()


@dataclass(frozen=True, slots=True)
class PayerRules:
    """The rules in force. A split changes nothing: the whole request is looked at, and by rules with a window its history."""

    policy: PayerPolicy
    approvals: ApprovalRules

    @property
    def ask_nothing(self) -> bool:
        """Whether no request needs anything: most deployments' small payments pass here, so it is told apart."""
        return not (self.approvals.rules or self.policy.signed_above or self.policy.strong_above)

    def judge(self, request: PayerRequest, *, sent: Callable[[ApprovalRule], Decimal], at: datetime) -> Needs:
        """Return what the request needs; raises Unavailable when the approval rules are too old to tell.

        `sent` tells what of the payer's earlier requests a rule with a window counts.
        """
        actor = request.actor
        approval = self.approvals.matching(request.outflows, initiator_id=request.initiator_id, roles=actor.roles, sent=sent)
        owned = [outflow for outflow in request.outflows if outflow.kind.is_the_owners]
        if request.is_planned or not owned:
            return Needs(approval)
        totals = _totals(owned)
        return Needs(approval, self._signature(totals, is_signed=request.is_signed), self._step_up(totals, actor, at))

    def _signature(self, totals: Mapping[str, Decimal], *, is_signed: bool) -> SignatureRequired | None:
        for currency, total in totals.items():
            most = self.policy.signed_above.get(currency)
            if most is not None and total > most and not is_signed:
                return SignatureRequired(field="signature", above=f"{most:f}", currency=currency)
        return None

    def _step_up(self, totals: Mapping[str, Decimal], actor: Actor, at: datetime) -> StepUpRequired | None:
        # A service answers for its own users (ASVS 7.5.3 asks it of sessions).
        above = self.policy.strong_above
        if actor.kind is not ActorKind.USER or not any(total > above[code] for code, total in totals.items() if code in above):
            return None
        try:
            STRONG.require(actor, at=at)
        except StepUpRequired as needed:
            return needed
        return None


def _totals(outflows: Sequence[Outflow]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for outflow in outflows:
        code = outflow.amount.currency.code
        totals[code] = totals.get(code, Decimal(0)) + outflow.amount.amount
    return totals
