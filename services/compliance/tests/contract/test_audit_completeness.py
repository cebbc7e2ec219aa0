"""The producers of audit facts, and the facts that are missing, over REST."""

import base64
from typing import Any

import pytest

from chassis.testing.clocks import ControlledClock
from services.compliance.tests.contract.api import Api
from services.compliance.tests.contract.journals import Journals


@pytest.mark.parametrize("path", ["/audit/producers", "/audit/missing-facts"])
async def test_only_auditors_see_what_is_missing(api: Api, path: str) -> None:
    assert await api.refused("GET", path, roles=()) == (401, "AUTH_004")
    assert await api.refused("GET", path, roles=("user",)) == (403, "ACC_001")
    assert (await api.call("GET", path, roles=("auditor",))).status_code == 200


async def test_each_producer_is_listed_with_its_status(api: Api, journals: Journals, clock: ControlledClock) -> None:
    now = clock.now().isoformat().replace("+00:00", "Z")
    identity, payments = await api.get("/audit/producers")
    assert payments == {
        "producer": "payments",
        "status": "incomplete",
        "last_number": 3,
        "reconciled_number": 3,
        "missing": 3,
        "other_findings": 0,
        "unsent": 0,
        "reached_at": now,
        "reconciled_at": now,
    }
    assert (identity["status"], identity["last_number"]) == ("complete", 0)

    clock.advance(seconds=61)
    assert [each["status"] for each in await api.get("/audit/producers")] == ["unknown", "incomplete"]


async def test_missing_facts_are_named_until_they_arrive(api: Api, journals: Journals, clock: ControlledClock) -> None:
    found_at = clock.now().isoformat().replace("+00:00", "Z")
    listed = await api.get("/audit/missing-facts")
    second = journals.payments.facts[1]
    assert [each["number"] for each in listed["items"]] == [3, 2, 1]
    assert listed["items"][1] | {"id": 0} == {
        "id": 0,
        "producer": "payments",
        "kind": "missing",
        "number": 2,
        "fact_id": str(second.fact_id),
        "digest": base64.b64encode(second.digest or b"").decode(),
        "unsent": 0,
        "found_at": found_at,
        "resolved_at": None,
    }

    await api.log(second)
    await journals.reconcile(producer="payments")

    async def numbers(**wanted: Any) -> list[int]:
        return [each["number"] for each in (await api.get("/audit/missing-facts", **wanted))["items"]]

    assert (await numbers(status="open"), await numbers(status="resolved")) == ([3, 1], [2])
    assert (await numbers(producer="identity"), await numbers(producer="payments", status="open")) == ([], [3, 1])


async def test_missing_facts_are_paged(api: Api, journals: Journals) -> None:
    first = await api.get("/audit/missing-facts", limit=2, producer="payments")
    rest = await api.get("/audit/missing-facts", limit=2, producer="payments", cursor=first["next_cursor"])

    assert [each["number"] for each in (*first["items"], *rest["items"])] == [3, 2, 1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("params", [{"cursor": "x"}, {"status": "lost"}, {"producer": "gateway"}, {"limit": 0}])
async def test_invalid_filters_of_missing_facts_are_refused(api: Api, params: dict[str, Any]) -> None:
    response = await api.call("GET", "/audit/missing-facts", params=params)

    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, next(iter(params)))
