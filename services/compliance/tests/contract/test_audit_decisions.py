"""Auditors search the decisions of policies; each search is recorded under the people whom it shows."""

import json
from datetime import timedelta
from typing import Any, Final

import pytest

from elcorp.compliance.v1.events_pb2 import AuditFact
from kernel.ids import new_id
from services.compliance.tests.contract.api import Api
from services.compliance.tests.decisions import decision
from services.compliance.tests.entries import AT
from services.compliance.tests.stored import facts_on_record

WHY: Final = "complaint 4711"


async def searches(api: Api) -> list[AuditFact]:
    return [fact for fact in await facts_on_record(api.database) if fact.action == "compliance.decision.search"]


async def test_a_decision_is_shown_with_its_policies_and_inputs(api: Api) -> None:
    made = decision(shadow=("night",), errors=1, count=3)
    await api.compliance.decisions.record_decisions(decisions=[made])
    page = await api.get("/audit/decisions", reason=WHY)
    assert page == {
        "items": [
            {
                "id": str(made.id),
                "producer": "payments",
                "at": "2026-03-21T08:00:00.123456Z",
                "allowed": False,
                "principal_kind": "user",
                "principal_id": made.principal_id,
                "permission": "payment:create",
                "resource_type": "wallet",
                "resource_id": made.resource_id,
                "roles": ["user"],
                "organization_id": str(made.organization_id),
                "interactive": True,
                "ip": "41.182.3.4",
                "authenticated_at": "2026-03-21T08:00:00.123456Z",
                "methods": ["pwd", "otp"],
                "attributes": {"owner": "u-2"},
                "facts": {"amount": {"__extn": {"fn": "decimal", "arg": "5.00"}}},
                "is_truncated": False,
                "policies": ["office-hours"],
                "shadow_policies": ["night"],
                "policy_errors": 1,
                "bundle_version": 7,
                "request_id": "req-7",
                "trace_id": made.trace_id,
                "count": 3,
            }
        ],
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abc"),
        ({"principal_id": "anna"}, "a"),
        ({"permission": "audit:view"}, "b"),
        ({"allowed": "true"}, "c"),
        ({"allowed": "false"}, "ab"),
        ({"policy": "four-eyes"}, "b"),
        ({"shadow_policy": "night"}, "c"),
        ({"from": "2026-03-21T08:00:00.123456Z"}, "bc"),
        ({"to": "2026-03-21T08:00:00.123456Z"}, "a"),
        ({"principal_id": "nobody"}, ""),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else "",
)
async def test_all_filters_must_match(api: Api, filters: dict[str, str], expected: str) -> None:
    await api.compliance.decisions.record_decisions(
        decisions=[
            decision(request_id="a", principal_id="anna", at=AT - timedelta(seconds=1)),
            decision(request_id="b", permission="audit:view", policies=("four-eyes",)),
            decision(request_id="c", allowed=True, shadow=("night",), at=AT + timedelta(seconds=1)),
        ]
    )
    page = await api.get("/audit/decisions", **filters, reason=WHY)
    assert sorted(item["request_id"] for item in page["items"]) == list(expected)


async def test_a_search_requires_a_reason_and_is_recorded_under_the_people_that_it_shows(api: Api) -> None:
    people = [str(new_id()) for _ in range(2)]
    await api.compliance.decisions.record_decisions(
        decisions=[
            *(decision(principal_id=person) for person in people),
            decision(principal_id=str(api.user_id)),
            decision(principal_kind="service", principal_id="payments"),
        ]
    )
    for params in ({}, {"reason": "no"}):
        assert await api.refused("GET", "/audit/decisions", params=params) == (422, "VAL_001")
    assert await api.refused("GET", "/audit/decisions", params={"reason": WHY}, roles=("user",)) == (403, "ACC_001")

    await api.get("/audit/decisions", reason=WHY)
    await api.get("/audit/decisions", reason=WHY, principal_id=people[0], permission="payment:create", allowed=False)
    await api.get("/audit/decisions", reason=WHY, principal_id="Ndapewa")
    shown: list[tuple[Any, list[str], str]] = [
        (json.loads(fact.after), list(fact.related_ids), fact.reason) for fact in await searches(api)
    ]
    asked = {"principal_id": people[0], "permission": "payment:create", "allowed": False}
    assert shown == [
        ({"shown": 4}, sorted(people), WHY),
        ({"filters": asked, "shown": 1}, [people[0]], WHY),
        # A possibly personal value appears nowhere in the log.
        ({"filters": {"principal_id": "given"}, "shown": 0}, [], WHY),
    ]


async def test_inputs_that_cannot_be_shown_as_json_do_not_hide_the_page(api: Api) -> None:
    await api.compliance.decisions.record_decisions(decisions=[decision(facts='{"number":NaN}'), decision(attributes="{}")])
    page = await api.get("/audit/decisions", reason=WHY)
    assert [item["facts"] for item in page["items"] if "unreadable" in item["facts"]] == [{"unreadable": '{"number":NaN}'}]
    assert len(page["items"]) == 2
