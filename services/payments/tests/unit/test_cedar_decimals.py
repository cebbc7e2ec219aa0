from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest

from payments.infrastructure.cedar_decimals import cedar_decimal


@pytest.mark.parametrize(
    ("amount", "up", "down"),
    [
        ("10000", "10000.0000", "10000.0000"),
        ("10000.00001", "10000.0001", "10000.0000"),
        ("0.00000001", "0.0001", "0.0000"),
        ("922337203685477.58069999", "922337203685477.5807", "922337203685477.5806"),
        ("922337203685477.58070001", "922337203685477.5807", "922337203685477.5807"),
        ("99999999999999999999999999.99", "922337203685477.5807", "922337203685477.5807"),
    ],
)
def test_an_amount_is_rounded_to_four_decimals_and_bounded(amount: str, up: str, down: str) -> None:
    given = Decimal(amount)
    assert cedar_decimal(given, rounding=ROUND_CEILING) == up
    assert cedar_decimal(given, rounding=ROUND_FLOOR) == down
