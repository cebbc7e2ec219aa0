"""Exchange rates over REST, on a real database."""

from typing import Any

import pytest

from services.payments.tests.contract.pricing_bank import PricingBank


async def test_a_payer_sees_the_rate_and_the_amount_that_arrives(pricing_bank: PricingBank) -> None:
    without = await pricing_bank.call(
        "POST", "/fees/quote", {"amount": "1000", "currency": "NAD", "target_currency": "USD"}, role="user"
    )
    assert (without.status_code, without.json()["code"]) == (409, "PAY_031")

    rate = await pricing_bank.data("POST", "/rates", pricing_bank.rate(), expect=201, role="treasurer")
    quoted = await pricing_bank.quote(amount="1000", target_currency="USD", kind="conversion")

    assert quoted["conversion"] == {
        "rate_id": rate["id"],
        "rate": "0.054351",
        "source_amount": "1000.00",
        "target_amount": "54.35",
        "target_currency": "USD",
    }
    assert (await pricing_bank.data("GET", "/rates", role="user"))["items"] == [rate]
    pricing_bank.wait(seconds=12 * 3600)
    await pricing_bank.prices.refresh()
    late = await pricing_bank.call(
        "POST", "/fees/quote", {"amount": "1000", "currency": "NAD", "target_currency": "USD"}, role="user"
    )
    assert late.json()["code"] == "PAY_031"
    assert (await pricing_bank.data("GET", "/rates", role="user"))["items"] == []
    assert (await pricing_bank.data("GET", "/rates/history", role="treasurer"))["total"] == 1


async def test_a_rate_can_be_ended_at_once(pricing_bank: PricingBank) -> None:
    rate = await pricing_bank.data("POST", "/rates", pricing_bank.rate(), expect=201)
    await pricing_bank.data("POST", f"/rates/{rate['id']}/end", {"reason": "wrong fixing"})
    assert (await pricing_bank.data("GET", "/rates"))["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"quote": "NAD"},
        {"quote": "EUR"},
        {"mid": "0"},
        {"mid": "-1"},
        {"mid": "0.00000000001"},
        {"spread_percent": "100"},
        {"valid_until": "2030-01-01T00:00:00Z"},
        {"valid_until": None},
    ],
)
async def test_an_invalid_rate_writes_nothing(pricing_bank: PricingBank, change: dict[str, Any]) -> None:
    response = await pricing_bank.call("POST", "/rates", {**pricing_bank.rate(), **change})
    assert response.status_code == 422, response.text
    assert (await pricing_bank.data("GET", "/rates/history"))["total"] == 0
