"""The ways to move money over REST, each with its body."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from chassis.testing.clocks import ControlledClock
from services.payments.tests.contract.bank import Holder

TOMORROW: Final = ControlledClock().now() + timedelta(days=1)


def leg(source: Holder, target: Holder, amount: str) -> dict[str, Any]:
    return {
        "source_wallet_id": str(source.wallet_id),
        "target_wallet_id": str(target.wallet_id),
        "amount": amount,
        "currency": "NAD",
    }


def halves(source: Holder, target: Holder, amount: str) -> list[dict[str, Any]]:
    """Return two orders that add up to the amount."""
    first = (Decimal(amount) / 2).quantize(Decimal("0.01"), ROUND_DOWN)
    return [leg(source, target, f"{first}"), leg(source, target, f"{Decimal(amount) - first}")]


def file(source: Holder, target: Holder, amount: str) -> dict[str, Any]:
    lines = [{"target_wallet_id": one["target_wallet_id"], "amount": one["amount"]} for one in halves(source, target, amount)]
    return {"source_wallet_id": str(source.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": lines}


# The body of each path, and the status that accepts it.
WAYS: Final[Mapping[str, tuple[Callable[[Holder, Holder, str], dict[str, Any]], int]]] = {
    "/transfers": (leg, 201),
    "/payments": (lambda *order: {**leg(*order), "reference": "INV-17"}, 201),
    "/transfers/linked": (lambda *order: {"legs": halves(*order)}, 201),
    "/transfers/bulk": (file, 202),
    "/transfers/schedules": (lambda *order: {**leg(*order), "starts_at": TOMORROW.isoformat()}, 201),
}
