"""Events and audit facts of prices and tiers, compared whole."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from elcorp.payments.v1 import events_pb2
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.contract.recorded import (
    staff,
)


async def test_prices_that_are_set_replaced_and_ended(bank: Bank) -> None:
    record, day = Record(bank.database, bank.clock), timedelta(days=1)
    admin: dict[str, Any] = {"user_id": bank.staff_id, "roles": ("admin",)}
    now = bank.clock.now()
    fee = {"code": "service", "kind": "transfer", "currency": "NAD", "tiers": [{"flat": "1.15"}], "vat_percent": "15"}
    rate = {"base": "NAD", "quote": "USD", "mid": "0.0549", "spread_percent": "1", "valid_until": (now + day).isoformat()}
    limit = {"tier": "standard", "currency": "NAD", "day_max": "5000"}
    of_fee = {
        "kind": "transfer",
        "currency": "NAD",
        "tiers": [{"from": "0.00", "flat": "1.15", "percent": "0"}],
        "marginal": False,
        "least": None,
        "most": None,
        "waived_roles": [],
        "vat_percent": "15",
        "rounding": "down",
        "refundable": False,
    }
    of_rate = {"mid": "0.0549", "spread_percent": "1", "rounding": "down"}
    of_limit = {"single_max": None, "day_max": "5000.00", "month_max": None}
    for path, noun, series, body, state, until in (
        ("/fees", "fee_rule", "service", fee, of_fee, None),
        ("/rates", "fx_rate", "NAD/USD", rate, of_rate, rate["valid_until"]),
        ("/limits", "limit", "standard/NAD", limit, of_limit, None),
    ):
        message = events_pb2.PricingChanged(noun=noun, series=series)
        first = (await bank.post(path, body={**body, "reason": "first"}, **admin)).json()["data"]
        dated = {"series": series, "version": 1, "valid_from": now.isoformat(), "valid_until": until}
        fact = Fact(
            action=f"payments.{noun}.set",
            resource=(noun, first["id"]),
            by=staff(bank),
            after={**dated, **state},
            reason="first",
            related=[f"{noun}:{series}"],
        )
        assert await record.news() == ([message], [fact]), path

        begins = (now + day / 2).isoformat()
        second = (await bank.post(path, body={**body, "valid_from": begins, "reason": "second"}, **admin)).json()["data"]
        replaced = {**dated, "valid_until": begins, **state}
        planned = {**dated, "version": 2, "valid_from": begins, **state}
        fact = replace(fact, resource=(noun, second["id"]), before=replaced, after=planned, reason="second")
        assert await record.news() == ([message], [fact]), path

        await bank.post(f"{path}/{second['id']}/end", body={"reason": "not after all"}, **admin)
        ended = {**planned, "valid_until": begins}
        fact = replace(fact, action=f"payments.{noun}.end", before=planned, after=ended, reason="not after all")
        assert await record.news() == ([message], [fact]), path


async def test_a_tier_that_is_assigned(bank: Bank, payer: Holder, record: Record) -> None:
    limit = {"tier": "business", "currency": "NAD", "day_max": "5000", "reason": "resolution 12"}
    await bank.post("/limits", bank.staff_id, limit, roles=("admin",))
    await record.skip()
    path, owner = f"/limits/tiers/{payer.user_id}", str(payer.user_id)
    for tier, before, version in (("business", "standard", 1), ("standard", "business", 2)):
        await bank.send("PUT", path, bank.staff_id, {"tier": tier, "reason": "registered"}, roles=("admin",))
        assert await record.news() == (
            [events_pb2.TierAssigned(owner_id=owner, tier=tier)],
            [
                Fact(
                    action="payments.tier.assign",
                    resource=("customer_tier", owner),
                    by=staff(bank),
                    before={"tier": before},
                    after={"tier": tier, "version": version},
                    reason="registered",
                    related=[owner],
                )
            ],
        )
