from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kernel.actor import Actor, ActorKind
from kernel.assurance import StepUpRequired
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.errors import SignatureRequired
from payments.domain.payer_policy import PayerPolicy
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder

POLICY = PayerPolicy(signed_above={"NAD": Decimal(5000)}, strong_above={"NAD": Decimal(1000)})
AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
JUST_NOW = AT - timedelta(minutes=5)


def order(amount: str, currency: str = "NAD", *, signed: bool = False) -> TransferOrder:
    return TransferOrder(
        kind=TransferKind.TRANSFER,
        key="k",
        initiator_id=new_id(),
        source_id=new_id(),
        target_id=new_id(),
        amount=Money.of(amount, currency),
        description="",
        signature=Signature(key_id=new_id(), algorithm="Ed25519", value="v") if signed else None,
    )


def nad(amount: str) -> Money:
    return Money.of(amount, "NAD")


def payer(*methods: str, signed_in_at: datetime = JUST_NOW) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(new_id()), methods=methods, authenticated_at=signed_in_at)


def test_more_than_the_amount_must_be_signed_and_the_amount_itself_need_not() -> None:
    POLICY.require_signature(order("5000.00"))
    with pytest.raises(SignatureRequired):
        POLICY.require_signature(order("5000.01"))
    POLICY.require_signature(order("5000.01", signed=True))


def test_a_currency_that_nobody_named_needs_none() -> None:
    POLICY.require_signature(order("9000.00", "USD"))
    POLICY.require_assurance([Money.of("9000.00", "USD")], actor=payer("pwd"), at=AT)


@pytest.mark.clause("ASVS 7.5.3")
def test_more_than_the_amount_takes_two_factors_shown_minutes_ago() -> None:
    POLICY.require_assurance([nad("1000.00")], actor=payer("pwd"), at=AT)
    POLICY.require_assurance([nad("1000.01")], actor=payer("pwd", "otp", "mfa"), at=AT)
    for falls_short in (payer("pwd"), payer("pwd", "otp", "mfa", signed_in_at=JUST_NOW - timedelta(seconds=1))):
        with pytest.raises(StepUpRequired):
            POLICY.require_assurance([nad("1000.01")], actor=falls_short, at=AT)


def test_what_is_ordered_at_once_counts_together_in_each_currency() -> None:
    POLICY.require_assurance([nad("600.00"), nad("400.00"), Money.of("600.00", "USD")], actor=payer("pwd"), at=AT)
    with pytest.raises(StepUpRequired):
        POLICY.require_assurance([nad("600.00"), nad("400.01")], actor=payer("pwd"), at=AT)


def test_a_service_answers_for_its_own_users() -> None:
    POLICY.require_assurance([nad("9000.00")], actor=Actor.service("governance"), at=AT)
