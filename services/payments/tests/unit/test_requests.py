"""Orders made from request bodies, compared whole: no field is lost or confused with another."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from kernel.actor import Actor, ActorKind
from kernel.money import Money
from payments.domain.fee_rule import FeeRule, Tier
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.rounding import Rounding
from payments.domain.schedule import Frequency, StandingOrder
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder, leg_key
from payments.domain.validity import Validity
from payments.interfaces.rest.schemas.fees import FeeRuleRequest
from payments.interfaces.rest.schemas.limits import LimitRequest
from payments.interfaces.rest.schemas.payments import PaymentRequest
from payments.interfaces.rest.schemas.rates import RateRequest
from payments.interfaces.rest.schemas.schedules import ScheduleRequest
from payments.interfaces.rest.schemas.transfers import LinkedTransfersRequest, TransferRequest

PAYER, SOURCE, TARGET, KEY_ID, ID = (UUID(int=number) for number in range(1, 6))
ACTOR = Actor(kind=ActorKind.USER, subject_id=str(PAYER))
VALIDITY = Validity(datetime(2026, 3, 21, tzinfo=UTC), datetime(2026, 3, 22, tzinfo=UTC))
MOVE = {
    "source_wallet_id": str(SOURCE),
    "target_wallet_id": str(TARGET),
    "amount": "250.00",
    "currency": "NAD",
    "description": "rent, March",
}
SIGNATURE = {"key_id": str(KEY_ID), "algorithm": "ES256", "value": "s" * 86}
PLAIN = TransferOrder(
    kind=TransferKind.TRANSFER,
    key="k",
    initiator_id=PAYER,
    source_id=SOURCE,
    target_id=TARGET,
    amount=Money.of("250.00", "NAD"),
    description="rent, March",
)
MORE: dict[str, Any] = {
    "capture_later": True,
    "metadata": {"order": "A-17"},
    "signature": Signature(key_id=KEY_ID, algorithm="ES256", value="s" * 86),
}


@pytest.mark.parametrize(
    ("request_", "order"),
    [
        (TransferRequest.model_validate(MOVE), PLAIN),
        (
            TransferRequest.model_validate({**MOVE, "capture": "later", "metadata": {"order": "A-17"}, "signature": SIGNATURE}),
            replace(PLAIN, **MORE),
        ),
        (
            TransferRequest.model_validate({**MOVE, "target_currency": "USD"}),
            replace(PLAIN, kind=TransferKind.CONVERSION, target_currency="USD"),
        ),
        (
            PaymentRequest.model_validate({**MOVE, "reference": "INV-7"}),
            replace(PLAIN, kind=TransferKind.PAYMENT, reference="INV-7"),
        ),
        (
            PaymentRequest.model_validate(
                {**MOVE, "reference": "INV-7", "capture": "later", "metadata": {"order": "A-17"}, "signature": SIGNATURE}
            ),
            replace(PLAIN, kind=TransferKind.PAYMENT, reference="INV-7", **MORE),
        ),
    ],
    ids=["transfer", "transfer with all", "conversion", "payment", "payment with all"],
)
def test_an_order_matches_its_body(request_: TransferRequest | PaymentRequest, order: TransferOrder) -> None:
    assert request_.order(ACTOR, "k") == order


def test_linked_orders_match_their_legs() -> None:
    legs = [MOVE, {**MOVE, "amount": "1.00", "description": "", "reference": "INV-7"}]
    assert LinkedTransfersRequest.model_validate({"legs": legs}).orders(ACTOR, "k") == [
        replace(PLAIN, key=leg_key("k", 0)),
        replace(
            PLAIN,
            key=leg_key("k", 1),
            amount=Money.of("1.00", "NAD"),
            description="",
            reference="INV-7",
        ),
    ]


@pytest.mark.parametrize("frequency", ["once", "daily", "weekly", "monthly"])
def test_a_schedule_matches_its_body(frequency: str) -> None:
    ends = {} if frequency == "once" else {"ends_on": "2027-12-31", "occurrences_max": 7}
    body = {**MOVE, "reference": "INV-7", "frequency": frequency, "starts_at": "2027-01-31T06:00:00Z", **ends}
    assert ScheduleRequest.model_validate(body).order() == StandingOrder(
        source_id=SOURCE,
        target_id=TARGET,
        amount=Money.of("250.00", "NAD"),
        frequency=Frequency(frequency),
        starts_at=datetime(2027, 1, 31, 6, tzinfo=UTC),
        description="rent, March",
        reference="INV-7",
        ends_on=date(2027, 12, 31) if ends else None,
        occurrences_max=7 if ends else None,
    )


@pytest.mark.parametrize("marginal", [True, False])
@pytest.mark.parametrize("refundable", [True, False])
def test_a_fee_rule_matches_its_body(*, marginal: bool, refundable: bool) -> None:
    body = {
        "code": "service",
        "kind": "payment",
        "currency": "NAD",
        "tiers": [{"flat": "1.00"}, {"from_amount": "100", "percent": "1.5"}],
        "marginal": marginal,
        "least": "0.50",
        "most": "20.00",
        "waived_roles": ["staff", "merchant"],
        "vat_percent": "15",
        "rounding": "half_up",
        "refundable": refundable,
        "reason": "resolution 12",
    }
    assert FeeRuleRequest.model_validate(body).draft(ID, VALIDITY) == FeeRule(
        id=ID,
        code="service",
        version=1,
        kind="payment",
        currency="NAD",
        tiers=(Tier(Decimal(0), Decimal("1.00"), Decimal(0)), Tier(Decimal(100), Decimal(0), Decimal("1.5"))),
        validity=VALIDITY,
        marginal=marginal,
        least=Decimal("0.50"),
        most=Decimal("20.00"),
        waived_roles=frozenset({"staff", "merchant"}),
        vat_percent=Decimal(15),
        rounding=Rounding("half_up"),
        refundable=refundable,
    )


def test_a_rate_and_a_limit_match_their_bodies() -> None:
    rate = {"base": "NAD", "quote": "USD", "mid": "0.0549", "spread_percent": "1.5", "rounding": "half_up", "reason": "fixing"}
    assert RateRequest.model_validate({**rate, "valid_until": "2026-03-22T00:00:00Z"}).draft(ID, VALIDITY) == FxRate(
        id=ID,
        base="NAD",
        quote="USD",
        version=1,
        mid=Decimal("0.0549"),
        spread_percent=Decimal("1.5"),
        validity=VALIDITY,
        rounding=Rounding("half_up"),
    )
    limit = {"tier": "gold", "currency": "NAD", "single_max": "1", "day_max": "2", "month_max": "3", "reason": "resolution"}
    assert LimitRequest.model_validate(limit).draft(ID, VALIDITY) == Limit(
        id=ID,
        tier="gold",
        currency="NAD",
        version=1,
        validity=VALIDITY,
        single_max=Decimal(1),
        day_max=Decimal(2),
        month_max=Decimal(3),
    )
