"""Fee rules and quotes over REST, on a real database."""

from datetime import datetime
from typing import Any

import pytest

from services.payments.tests.contract.pricing_bank import FEE, PricingBank


async def test_a_payer_sees_the_fee_before_paying(pricing_bank: PricingBank) -> None:
    free = await pricing_bank.quote()
    assert (free["fees"], free["fee_total"], free["total"], free["conversion"]) == ([], "0.00", "100.00", None)

    rule = await pricing_bank.data("POST", "/fees", FEE, expect=201)
    quoted = await pricing_bank.quote()

    assert [(line["account"], line["amount"], line["rule_id"]) for line in quoted["fees"]] == [
        ("fees", "1.00", rule["id"]),
        ("vat", "0.15", rule["id"]),
    ]
    assert (quoted["total"], quoted["needs_approval"]) == ("101.15", False)
    assert (await pricing_bank.quote(amount="2000"))["fee_total"] == "10.00"
    assert (await pricing_bank.quote(kind="payment"))["fees"] == []
    listed = await pricing_bank.data("GET", "/fees", role="user", params={"kind": "transfer", "currency": "NAD"})
    assert listed["items"] == [rule]
    assert rule["tiers"][1] == {"from_amount": "1000.00", "flat": "0.00", "percent": "0.5"}
    assert "recorded_by" not in rule


async def test_a_new_version_begins_where_the_old_one_ends_and_history_is_kept(pricing_bank: PricingBank) -> None:
    first = await pricing_bank.data("POST", "/fees", FEE, expect=201)
    planned = await pricing_bank.data(
        "POST", "/fees", {**FEE, "tiers": [{"flat": "2"}], "valid_from": pricing_bank.at(days=1)}, expect=201
    )
    assert (first["version"], planned["version"]) == (1, 2)
    assert (await pricing_bank.quote())["fee_total"] == "1.15"

    pricing_bank.wait(seconds=86_400)
    assert (await pricing_bank.quote())["fee_total"] == "2.00"
    history = await pricing_bank.data("GET", "/fees/history", params={"code": "transfer-service"})
    assert history["total"] == 2
    old = next(item for item in history["items"] if item["version"] == 1)
    assert datetime.fromisoformat(old["valid_until"]) == datetime.fromisoformat(planned["valid_from"])
    assert (old["recorded_by"], old["reason"]) == (str(pricing_bank.user_id), "resolution 12")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1.001"},
        {"kind": "issuance"},
        {"kind": "refund"},
        {"currency": "EUR"},
        {"target_wallet_id": "x"},
    ],
)
async def test_an_invalid_quote_request_is_refused(pricing_bank: PricingBank, change: dict[str, str]) -> None:
    response = await pricing_bank.call("POST", "/fees/quote", {"amount": "1", "currency": "NAD", **change}, role="user")
    assert response.status_code == 422, response.text


BAD_FEES: list[dict[str, Any]] = [
    {"tiers": []},
    {"tiers": [{"from_amount": "5"}]},
    {"tiers": [{"flat": "0.001"}]},
    {"tiers": [{"flat": "-1"}]},
    {"tiers": [{"percent": "101"}]},
    {"tiers": [{"percent": 1}]},
    {"kind": "issuance"},
    {"currency": "EUR"},
    {"currency": "nad"},
    {"least": "2", "most": "1"},
    {"vat_percent": "1e1"},
    {"rounding": "sideways"},
    {"code": 'x"; DROP'},
    {"waived_roles": ["No One"]},
    {"valid_from": "2020-01-01T00:00:00Z"},
    {"valid_from": "2026-12-01T00:00:00"},
    {"valid_until": "2020-01-01T00:00:00Z"},
    {"reason": ""},
    {"extra": 1},
]


@pytest.mark.parametrize("change", BAD_FEES)
async def test_an_invalid_fee_writes_nothing(pricing_bank: PricingBank, change: dict[str, Any]) -> None:
    response = await pricing_bank.call("POST", "/fees", {**FEE, **change})
    assert response.status_code == 422, response.text
    assert (await pricing_bank.data("GET", "/fees/history"))["total"] == 0
