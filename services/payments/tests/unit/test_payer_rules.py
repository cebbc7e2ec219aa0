from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kernel.actor import Actor, ActorKind
from kernel.assurance import StepUpRequired
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.approval import ApprovalRule, ApprovalRules, Outflow
from payments.domain.errors import ApprovalNeeded, SignatureRequired
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import Needs, PayerRequest, PayerRules
from payments.domain.transfer_order import TransferKind

POLICY = PayerPolicy(signed_above={"NAD": Decimal(5000)}, strong_above={"NAD": Decimal(1000)})
AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
JUST_NOW = AT - timedelta(minutes=5)


def payer(*methods: str, signed_in_at: datetime = JUST_NOW) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(new_id()), methods=methods, authenticated_at=signed_in_at)


def judged(
    *amounts: str, currency: str = "NAD", actor: Actor | None = None, kind: TransferKind = TransferKind.TRANSFER, **more: bool
) -> Needs:
    outflows = [Outflow(kind=kind, amount=Money.of(amount, currency), target_id=new_id()) for amount in amounts]
    request = PayerRequest(initiator_id=new_id(), actor=actor or payer("pwd", "otp", "mfa"), outflows=outflows, **more)
    return PayerRules(POLICY, ApprovalRules()).judge(request, sent=_nothing, at=AT)


def _nothing(_rule: ApprovalRule) -> Decimal:
    return Decimal(0)


def test_more_than_the_amount_must_be_signed_and_the_amount_itself_need_not() -> None:
    assert judged("5000.00").signature is None
    with pytest.raises(SignatureRequired):
        judged("5000.01").require_proof()
    assert judged("5000.01", is_signed=True).signature is None


def test_legs_below_the_amount_are_signed_when_they_are_above_it_together() -> None:
    assert judged("2500.00", "2500.00").signature is None
    assert judged("2500.00", "2500.01").signature
    assert judged("2500.00", "2500.01", is_signed=True).signature is None


def test_a_currency_that_nobody_named_needs_nothing() -> None:
    assert judged("9000.00", currency="USD", actor=payer("pwd")) == Needs()


@pytest.mark.clause("ASVS 7.5.3")
def test_more_than_the_amount_takes_two_factors_shown_minutes_ago() -> None:
    assert judged("1000.00", actor=payer("pwd")).step_up is None
    assert judged("1000.01").step_up is None
    for falls_short in (payer("pwd"), payer("pwd", "otp", "mfa", signed_in_at=JUST_NOW - timedelta(seconds=1))):
        with pytest.raises(StepUpRequired):
            judged("1000.01", actor=falls_short).require_proof()


def test_what_is_ordered_at_once_counts_together() -> None:
    assert judged("600.00", "400.00", actor=payer("pwd")).step_up is None
    assert judged("600.00", "400.01", actor=payer("pwd")).step_up


def test_a_service_answers_for_its_own_users() -> None:
    assert judged("4000.00", actor=Actor.service("governance")).step_up is None


def test_what_a_plan_or_a_file_makes_was_proven_when_it_was_handed_in() -> None:
    assert judged("9000.00", actor=payer("pwd"), is_planned=True) == Needs()


def test_issuances_are_not_a_payers() -> None:
    assert judged("9000.00", actor=payer("pwd"), kind=TransferKind.ISSUANCE) == Needs()


def test_what_cannot_wait_is_told_which_rules_ask_whose_approval() -> None:
    Needs().require_no_approval()
    with pytest.raises(ApprovalNeeded) as refused:
        Needs(("large", "medium")).require_no_approval()
    assert refused.value.facts == {"rules": ["large", "medium"], "approval_by": "payment:approve"}
