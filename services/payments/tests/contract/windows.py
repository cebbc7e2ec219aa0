"""Requests that approval rules with a window count."""

from decimal import Decimal
from typing import Any, Final

from services.payments.tests.contract.bank import Bank, Holder

NOTHING: Final = Decimal(0)


def file(source: Holder, *to: tuple[Holder, str], mode: str = "best_effort") -> dict[str, Any]:
    lines = [{"target_wallet_id": str(target.wallet_id), "amount": amount} for target, amount in to]
    return {"source_wallet_id": str(source.wallet_id), "currency": "NAD", "mode": mode, "lines": lines}


async def submitted(bank: Bank, source: Holder, *to: tuple[Holder, str], mode: str = "best_effort") -> dict[str, Any]:
    answer = await bank.post("/transfers/bulk", source.user_id, file(source, *to, mode=mode))
    assert answer.status_code == 202, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data
