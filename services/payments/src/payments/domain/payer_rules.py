"""What settling a request as a whole requires: permission, approval, signature, assurance. Only this module decides it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.actor import Actor, ActorKind
from kernel.assurance import STRONG, StepUpRequired
from kernel.errors import DomainError
from payments.domain.approval import ApprovalRule, ApprovalRules, Outflow
from payments.domain.errors import ApprovalNeeded, NoLongerPermitted, SignatureRequired
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payment_permission import PAID_BY, PaymentPermission, PaymentQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerRequest:
    """Everything in one request of a payer: an order, linked legs or a file.

    `is_planned`: a schedule or a file makes it later; the payer met the requirements when submitting it, but must still have the
    permission.
    """

    initiator_id: UUID
    actor: Actor
    outflows: Sequence[Outflow]
    is_signed: bool = False
    is_planned: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """The requirements that a request must still meet: the approval of these rules, a signature, a step-up.

    `denied`: the policies do not permit it, whatever the payer provides.
    """

    approval: tuple[str, ...] = ()
    signature: SignatureRequired | None = None
    step_up: StepUpRequired | None = None
    denied: DomainError | None = None

    def require_proof(self) -> None:
        """Raise the denial; or StepUpRequired or SignatureRequired, for what only the payer can provide."""
        if self.denied:
            # First, so that nobody provides proof only to be denied.
            raise self.denied
        if self.step_up:
            raise self.step_up
        if self.signature:
            raise self.signature

    def require_no_approval(self) -> None:
        """Raise ApprovalNeeded, for a request that cannot wait for an approval."""
        if self.approval:
            raise ApprovalNeeded.of(self.approval)


NOTHING: Final = Needs()


@dataclass(frozen=True, slots=True)
class PayerRules:
    """The rules in force. Splitting an order does not avoid them: they see the whole request and, with a window, its history.

    `permission` is None if no policy reads anything about payments.
    """

    policy: PayerPolicy
    approvals: ApprovalRules
    permission: PaymentPermission | None

    @property
    def ask_nothing(self) -> bool:
        """Whether no request can require anything: a fast path for the small payments of most deployments."""
        return not (self.permission or self.approvals.rules or self.policy.signed_above or self.policy.strong_above)

    def judge(self, request: PayerRequest, *, sent: Callable[[ApprovalRule], Decimal], at: datetime) -> Needs:
        """Return what the request requires. Raise Unavailable if the policies are too old.

        `sent` returns the sum of the payer's earlier requests that a rule with a window counts.
        """
        actor = request.actor
        approval = self.approvals.matching(
            request.outflows,
            initiator_id=request.initiator_id,
            roles=actor.roles,
            organization_id=actor.organization_id,
            sent=sent,
        )
        owned = [outflow for outflow in request.outflows if outflow.kind.is_the_owners]
        denial = self.denial(actor, payments_of(owned), is_planned=request.is_planned)
        if request.is_planned or not owned:
            return Needs(approval, denied=denial)
        totals, fresh = _totals(owned), denial if isinstance(denial, StepUpRequired) else None
        return Needs(
            approval,
            self._signature(totals, is_signed=request.is_signed),
            self._step_up(totals, actor, at) or fresh,
            None if fresh else denial,
        )

    def denial(self, actor: Actor, payments: Iterable[PaymentQuestion], *, is_planned: bool) -> DomainError | None:
        """Return why the policies deny these payments to the actor: StepUpRequired only if a fresh sign-in would end it.

        For planned payments it is NoLongerPermitted: nobody is there to sign in. Raise Unavailable if the policies are too old.
        """
        if self.permission is None:
            return None
        denials = [denial for payment in payments if (denial := self.permission(actor, payment))]
        denial = min(denials, key=lambda each: isinstance(each, StepUpRequired), default=None)
        return NoLongerPermitted(permission=PAID_BY, reason=str(denial)) if denial and is_planned else denial

    def _signature(self, totals: Mapping[str, Decimal], *, is_signed: bool) -> SignatureRequired | None:
        for currency, total in totals.items():
            most = self.policy.signed_above.get(currency)
            if most is not None and total > most and not is_signed:
                return SignatureRequired(field="signature", above=f"{most:f}", currency=currency)
        return None

    def _step_up(self, totals: Mapping[str, Decimal], actor: Actor, at: datetime) -> StepUpRequired | None:
        # A service is responsible for its own users (ASVS 7.5.3 requires this of sessions).
        above = self.policy.strong_above
        if actor.kind is not ActorKind.USER or not any(total > above[code] for code, total in totals.items() if code in above):
            return None
        try:
            STRONG.require(actor, at=at)
        except StepUpRequired as needed:
            return needed
        return None


def payments_of(outflows: Iterable[Outflow]) -> Iterator[PaymentQuestion]:
    """Return a question for each wallet, currency and kind of a payer's orders.

    The amount is that of the whole request: a payer can open wallets without end, and split a payment among them.
    """
    taken = [outflow for outflow in outflows if outflow.source]
    totals = _totals(taken)
    for outflow in {(each.source, each.amount.currency.code, each.kind): each for each in taken}.values():
        code = outflow.amount.currency.code
        if outflow.source:
            yield PaymentQuestion(source=outflow.source, amount=totals[code], currency=code, kind=outflow.kind)


def _totals(outflows: Iterable[Outflow]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for outflow in outflows:
        code = outflow.amount.currency.code
        totals[code] = totals.get(code, Decimal(0)) + outflow.amount.amount
    return totals
