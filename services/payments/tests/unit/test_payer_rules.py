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
    outflows = [Outflow(kind=kind, amount=Money.of(amount, currency), source=None, target_id=new_id()) for amount in amounts]
    request = PayerRequest(initiator_id=new_id(), actor=actor or payer("pwd", "otp", "mfa"), outflows=outflows, **more)
    return PayerRules(POLICY, ApprovalRules(), None).judge(request, sent=_nothing, at=AT)


def _nothing(_rule: ApprovalRule) -> Decimal:
    return Decimal(0)


def test_an_amount_above_the_threshold_must_be_signed_and_the_threshold_itself_need_not() -> None:
    assert judged("5000.00").signature is None
    with pytest.raises(SignatureRequired):
        judged("5000.01").require_proof()
    assert judged("5000.01", is_signed=True).signature is None


def test_legs_that_exceed_the_threshold_together_must_be_signed() -> None:
    assert judged("2500.00", "2500.00").signature is None
    assert judged("2500.00", "2500.01").signature
    assert judged("2500.00", "2500.01", is_signed=True).signature is None


def test_a_currency_without_a_threshold_requires_nothing() -> None:
    assert judged("9000.00", currency="USD", actor=payer("pwd")) == Needs()


@pytest.mark.clause("ASVS 7.5.3")
def test_an_amount_above_the_threshold_requires_two_recent_factors() -> None:
    assert judged("1000.00", actor=payer("pwd")).step_up is None
    assert judged("1000.01").step_up is None
    for falls_short in (payer("pwd"), payer("pwd", "otp", "mfa", signed_in_at=JUST_NOW - timedelta(seconds=1))):
        with pytest.raises(StepUpRequired):
            judged("1000.01", actor=falls_short).require_proof()


def test_amounts_ordered_together_are_added_up() -> None:
    assert judged("600.00", "400.00", actor=payer("pwd")).step_up is None
    assert judged("600.00", "400.01", actor=payer("pwd")).step_up


def test_a_service_is_responsible_for_its_own_users() -> None:
    assert judged("4000.00", actor=Actor.service("governance")).step_up is None


def test_transfers_of_a_schedule_or_file_were_authenticated_when_it_was_submitted() -> None:
    assert judged("9000.00", actor=payer("pwd"), is_planned=True) == Needs()


def test_issuances_have_no_payer_to_authenticate() -> None:
    assert judged("9000.00", actor=payer("pwd"), kind=TransferKind.ISSUANCE) == Needs()


def test_the_error_for_a_request_that_cannot_wait_names_the_rules_and_the_permission() -> None:
    Needs().require_no_approval()
    with pytest.raises(ApprovalNeeded) as refused:
        Needs(("large", "medium")).require_no_approval()
    assert refused.value.facts == {"rules": ["large", "medium"], "approval_by": "payment:approve"}
