from decimal import Decimal

import pytest

from kernel.ids import new_id
from kernel.money import Money
from payments.domain.errors import SignatureRequired
from payments.domain.signature_policy import SignaturePolicy
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder

POLICY = SignaturePolicy({"NAD": Decimal(5000)})


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


def test_more_than_the_amount_must_be_signed_and_the_amount_itself_need_not() -> None:
    POLICY.require(order("5000.00"))
    with pytest.raises(SignatureRequired):
        POLICY.require(order("5000.01"))
    POLICY.require(order("5000.01", signed=True))


def test_a_currency_that_nobody_named_needs_none() -> None:
    POLICY.require(order("9000.00", "USD"))
