"""Changes of the policies in force: what they would do, who approves, and the way back."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import unchanged
from elcorp.compliance.v1.events_pb2 import AuditFact, AuditFactsRecorded
from governance.application.ports.recorded_decisions import RecordedDecision, ShadowDenials
from kernel.ids import new_id
from services.governance.tests.contract.access_api import create_role, done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.policies_api import (
    OFFICE_HOURS,
    WHY,
    allowed,
    approve,
    ask_change,
    colleague,
    create,
    create_in_cedar,
    in_force,
    off,
    put,
)
from services.governance.tests.fakes.recorded_decisions import FakeRecordedDecisions
from services.governance.tests.stored import published, rows

WORKING_DAY = datetime(2026, 3, 23, 8, tzinfo=UTC)  # a Monday, at ten in Windhoek
EVENING = WORKING_DAY + timedelta(hours=8)


async def recorded_facts(api: Api) -> list[AuditFact]:
    messages = [message for _, message in await published(api.database)]
    return [fact for message in messages if isinstance(message, AuditFactsRecorded) for fact in message.facts]


def at_the_time(at: datetime, clock: ControlledClock, policies: Policies) -> None:
    clock.advance(seconds=(at - clock.now()).total_seconds())
    policies.confirm()


async def test_a_person_fills_in_a_template_reads_who_loses_what_and_activates_it(
    api: Api, policies: Policies, clock: ControlledClock
) -> None:
    """The whole walk, without Cedar: template, sentence, table, second person, in force."""
    for _ in range(2):
        await grant(api, api.subject(), "staff")
    await create(api, "desk-hours")

    asked = await done(await ask_change(api, put("desk-hours")))
    report = asked["report"]
    assert [each["sentence"] for each in report["differences"]] == [
        "2 people with the role staff lose payment:approve: at 08:59; at 17:00; on a public holiday; on Saturday; on Sunday."
    ]
    [lost] = report["differences"]
    assert (lost["role"], lost["people"], lost["effect"]) == ("staff", 2, "loses")
    assert lost["policies"] == ["policy:desk-hours"]
    assert (report["broken"], report["is_partial"]) == ([], False)
    assert await rows(api.database, "SELECT mode FROM policies WHERE name = 'desk-hours'") == [("off",)]

    second = await colleague(api)
    approved = await done(await approve(second, asked["id"]))
    assert (approved["status"], approved["decided_by"]) == ("approved", str(second.admin_id))
    shown = await api.data("/policies/desk-hours")
    assert (shown["mode"], shown["version_in_force"]) == ("enforced", 1)
    bundle = await api.data("/policies/bundles/current")
    assert (bundle["version"], bundle["published_by"]) == (approved["bundle_version"], str(second.admin_id))
    assert put("desk-hours") in bundle["in_force"]

    assert await api.refresher.refresh()
    at_the_time(WORKING_DAY, clock, policies)
    assert allowed(policies, "payment:approve", "staff")
    at_the_time(EVENING, clock, policies)
    assert not allowed(policies, "payment:approve", "staff")
    assert allowed(policies, "payment:approve", "admin"), "the policy is about staff"


async def test_a_preview_stores_nothing(api: Api) -> None:
    await create(api, "desk-hours")
    report = await done(await api.call("POST", "/policies/changes/preview", json={"items": [put("desk-hours")]}))
    assert report["differences"][0]["sentence"].startswith("0 people with the role staff lose payment:approve")
    assert (await api.data("/policies/changes"))["total"] == 0


@pytest.mark.parametrize("who", ["asked", "wrote"])
async def test_another_person_approves(api: Api, who: str) -> None:
    await create(api, "desk-hours")
    asker = api if who == "asked" else await colleague(api)
    asked = await done(await ask_change(asker, put("desk-hours")))
    read = await api.call("GET", f"/policies/changes/{asked['id']}")
    refused = await api.refused(
        "POST", f"/policies/changes/{asked['id']}/approve", json={}, headers={"If-Match": read.headers["etag"]}
    )
    assert refused == (403, "ACC_002")
    assert (await approve(await colleague(api), asked["id"])).status_code == 200


async def test_nobody_approves_what_they_have_not_seen(api: Api) -> None:
    """Roles or policies that changed since change what the approval would do."""
    await create(api, "desk-hours")
    asked = await done(await ask_change(api, put("desk-hours")))
    second = await colleague(api)
    seen = (await second.call("GET", f"/policies/changes/{asked['id']}")).headers["etag"]
    path = f"/policies/changes/{asked['id']}/approve"
    assert await second.refused("POST", path, json={}) == (428, "RES_006")
    await create_role(api, "cashier", "payment:approve")
    assert await second.refused("POST", path, json={}, headers={"If-Match": seen}) == (412, "RES_003")
    assert (await approve(second, asked["id"])).status_code == 200


async def test_a_change_is_decided_once(api: Api) -> None:
    await create(api, "desk-hours")
    asked = await done(await ask_change(api, put("desk-hours")))
    rejected = await done(
        await (await colleague(api)).call("POST", f"/policies/changes/{asked['id']}/end", json={"reason": "not now"})
    )
    assert (rejected["status"], rejected["decision_reason"]) == ("rejected", "not now")
    withdrawn = await done(await ask_change(api, put("desk-hours")))
    ended = await done(await api.call("POST", f"/policies/changes/{withdrawn['id']}/end", json={"reason": "a mistake"}))
    assert ended["status"] == "withdrawn"
    for change in (asked, withdrawn):
        path = f"/policies/changes/{change['id']}"
        assert await api.refused("POST", f"{path}/end", json={"reason": "again"}) == (409, "GOV_017")
        etag = (await api.call("GET", path)).headers["etag"]
        refused = await (await colleague(api)).refused("POST", f"{path}/approve", json={}, headers={"If-Match": etag})
        assert refused in {(409, "GOV_017"), (412, "RES_003")}
    listed = await api.data("/policies/changes", status="rejected", policy="desk-hours")
    assert [each["id"] for each in listed["items"]] == [asked["id"]]
    unknown = new_id()
    assert await api.refused("GET", f"/policies/changes/{unknown}") == (404, "RES_001")
    assert await api.refused("POST", f"/policies/changes/{unknown}/end", json={"reason": "why"}) == (404, "RES_001")


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ([put("ghost")], "has no version 1"),
        ([put("business-hours", 2)], "has no version 2"),
        ([off("business-hours")], "is not in force"),
        ([put("classified-documents")], "in force so already"),
        ([put("business-hours"), put("business-hours", 1, "shadow")], "each policy once"),
        ([{"policy": "business-hours", "mode": "enforced"}], "a version, except for off"),
        ([{"policy": "classified-documents", "mode": "off", "version": 1}], "a version, except for off"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_and_told_where(api: Api, items: list[dict[str, object]], problem: str) -> None:
    body = {"items": items, "reason": WHY}
    assert await api.refused("POST", "/policies/changes", json=body) == (422, "VAL_001")
    assert problem in (await api.call("POST", "/policies/changes", json=body)).text
    assert problem in (await api.call("POST", "/policies/changes/preview", json={"items": items})).text


async def test_policies_go_back_to_what_an_earlier_bundle_had(api: Api, policies: Policies, clock: ControlledClock) -> None:
    before = (await api.data("/policies/bundles/current"))["version"]
    await create(api, "desk-hours")
    first = await in_force(api, put("desk-hours"))
    body = {"template": "time-window", "parameters": {**OFFICE_HOURS, "ends": "18:00"}, "reason": WHY}
    await done(await api.call("POST", "/policies/desk-hours/versions", json=body))
    await in_force(api, put("desk-hours", 2), put("office-network"))
    now = [put("classified-documents"), put("desk-hours", 2), put("office-network")]
    assert (await api.data("/policies/bundles/current"))["in_force"] == now

    then = [put("classified-documents"), put("desk-hours", 1)]
    assert (await api.data(f"/policies/bundles/{first['bundle_version']}"))["in_force"] == then
    back = await done(await ask_change(api, as_in_bundle=first["bundle_version"]))
    assert back["items"] == [put("desk-hours", 1), {"policy": "office-network", "version": None, "mode": "off"}]
    await done(await approve(await colleague(api), back["id"]))
    assert (await api.data("/policies/bundles/current"))["in_force"] == then

    none = await done(await ask_change(api, as_in_bundle=before))
    assert none["items"] == [{"policy": "desk-hours", "version": None, "mode": "off"}]
    await done(await approve(await colleague(api), none["id"]))
    assert await api.refresher.refresh()
    at_the_time(EVENING, clock, policies)
    assert allowed(policies, "payment:approve", "staff")
    same = {"as_in_bundle": before, "reason": WHY}
    assert await api.refused("POST", "/policies/changes", json=same) == (422, "VAL_001")
    assert await api.refused("POST", "/policies/changes", json={"as_in_bundle": 4711, "reason": WHY}) == (404, "RES_001")


async def test_a_shadow_policy_denies_nothing_and_reports_what_it_would(
    api: Api, policies: Policies, clock: ControlledClock, recorded: FakeRecordedDecisions
) -> None:
    await create(api, "desk-hours")
    report = await api.data("/policies/desk-hours/shadow-report")
    assert (report["mode"], report["since"], report["denials"]) == ("off", None, [])
    changed = await in_force(api, put("desk-hours", 1, "shadow"))
    assert changed["report"]["differences"][0]["effect"] == "loses", "what enforcing it would do"
    bundle = await api.data("/policies/bundles/current")
    assert "policy:desk-hours" in bundle["shadow_policies"]
    assert "policy:desk-hours" not in bundle["policies"]
    at_the_time(EVENING, clock, policies)
    assert allowed(policies, "payment:approve", "staff")

    at = clock.now()
    recorded.denied["policy:desk-hours"] = [ShadowDenials("payment:approve", 12, 3, at, at)]
    report = await api.data("/policies/desk-hours/shadow-report")
    times = {"first_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "last_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    assert report["denials"] == [{"permission": "payment:approve", "decisions": 12, "people": 3, **times}]

    await in_force(api, put("desk-hours"))
    assert not allowed(policies, "payment:approve", "staff")
    back = await in_force(api, put("desk-hours", 1, "shadow"))
    assert back["report"]["differences"][0]["effect"] == "gains", "what was enforced is lifted"


async def test_recorded_decisions_are_replayed(api: Api, recorded: FakeRecordedDecisions) -> None:
    clerk = RecordedDecision(
        at=EVENING,
        allowed=True,
        kind="user",
        subject_id=str(new_id()),
        permission="payment:approve",
        resource_type="platform",
        resource_id="elcorp",
        roles=("staff",),
        organization_id="",
        interactive=True,
        ip="203.0.113.9",
        authenticated_at=EVENING,
        methods=("pwd",),
        attributes={},
        facts={},
        policies=("role:staff",),
        count=1,
    )
    recorded.decisions += [
        clerk,
        replace(clerk, count=4),
        replace(clerk, subject_id=str(new_id())),
        replace(clerk, at=WORKING_DAY, subject_id=str(new_id())),
        replace(clerk, roles=("user",), allowed=False),
        replace(clerk, permission="audit:view"),
        # Decided by a job that makes a planned payment: the policy is about requests.
        replace(clerk, interactive=False),
    ]
    await create(api, "desk-hours")
    report = (await done(await ask_change(api, put("desk-hours"))))["report"]
    assert report["replay"] == [
        {"permission": "payment:approve", "effect": "loses", "decisions": 6, "people": 2, "policies": ["policy:desk-hours"]}
    ]
    assert report["replayed"] == 9


async def test_without_the_decision_log_nothing_is_asked_or_approved(api: Api, recorded: FakeRecordedDecisions) -> None:
    await create(api, "desk-hours")
    asked = await done(await ask_change(api, put("desk-hours")))
    second = await colleague(api)
    etag = (await second.call("GET", f"/policies/changes/{asked['id']}")).headers["etag"]
    recorded.away = True
    assert await api.refused("POST", "/policies/changes", json={"items": [put("business-hours")], "reason": WHY}) == (
        503,
        "SRV_002",
    )
    path = f"/policies/changes/{asked['id']}/approve"
    assert await second.refused("POST", path, json={}, headers={"If-Match": etag}) == (503, "SRV_002")


LOCKING = [
    'forbid(principal is User, action == Action::"policy:manage", resource);',
    'forbid(principal is User, action in [Action::"role:manage", Action::"audit:view"], resource) when { context.two_factors };',
    'forbid(principal, action == Action::"role:manage", resource) when { context.interactive };',
]


@pytest.mark.parametrize("cedar", LOCKING)
async def test_no_policy_locks_everybody_out(api: Api, cedar: str) -> None:
    await create_in_cedar(api, "locking", cedar)
    body = {"items": [put("locking")], "reason": WHY}
    assert await api.refused("POST", "/policies/changes", json=body) == (409, "GOV_019")


async def test_a_policy_may_ask_managers_for_two_factors(api: Api, policies: Policies, clock: ControlledClock) -> None:
    await create(api, "careful", "mfa-recent", permissions=["role:manage", "policy:manage"], minutes=10)
    await in_force(api, put("careful"))
    fresh = {"authenticated_at": clock.now(), "methods": ("pwd", "mfa")}
    assert allowed(policies, "role:manage", "admin", **fresh)
    assert not allowed(policies, "role:manage", "admin")


async def test_golden_decisions_hold_whatever_is_approved(api: Api) -> None:
    cedar = 'forbid(principal is User, action == Action::"payment:create", resource) when { principal in Role::"user" };'
    await create_in_cedar(api, "no-customers", cedar)
    golden = {
        "description": "Customers pay",
        "permission": "payment:create",
        "roles": ["user"],
        "facts": {"amount": "5.00", "currency": "NAD"},
        "is_allowed": True,
        "reason": WHY,
    }
    await done(await api.call("PUT", "/policies/golden-decisions/customers-pay", json=golden))
    answer = await ask_change(api, put("no-customers"))
    assert (answer.status_code, answer.json()["code"]) == (409, "GOV_018")
    assert "customers-pay" in answer.text
    preview = await done(await api.call("POST", "/policies/changes/preview", json={"items": [put("no-customers")]}))
    assert preview["broken"] == ["customers-pay"]
    await api.call("DELETE", "/policies/golden-decisions/customers-pay", params={"reason": WHY})
    assert (await ask_change(api, put("no-customers"))).status_code == 201


async def test_a_golden_decision_that_was_added_later_is_kept_too(api: Api) -> None:
    cedar = 'forbid(principal is User, action == Action::"payment:create", resource) when { principal in Role::"user" };'
    await create_in_cedar(api, "no-customers", cedar)
    asked = await done(await ask_change(api, put("no-customers")))
    golden = {
        "description": "Customers pay",
        "permission": "payment:create",
        "roles": ["user"],
        "is_allowed": True,
        "reason": WHY,
    }
    await done(await api.call("PUT", "/policies/golden-decisions/customers-pay", json=golden))
    second = await colleague(api)
    answer = await approve(second, asked["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "GOV_018")
    assert (await api.data("/policies/no-customers"))["mode"] == "off"


async def test_a_golden_decision_set_during_the_approval_is_kept_too(api: Api, recorded: FakeRecordedDecisions) -> None:
    cedar = 'forbid(principal is User, action == Action::"payment:create", resource) when { principal in Role::"user" };'
    await create_in_cedar(api, "no-customers", cedar)
    asked = await done(await ask_change(api, put("no-customers")))
    golden = {
        "description": "Customers pay",
        "permission": "payment:create",
        "roles": ["user"],
        "is_allowed": True,
        "reason": WHY,
    }

    async def set_golden() -> None:
        await done(await api.call("PUT", "/policies/golden-decisions/customers-pay", json=golden))

    second = await colleague(api)
    # The approval asks for recorded decisions after it has read the golden ones, while it holds no lock.
    recorded.meanwhile = set_golden
    answer = await approve(second, asked["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "GOV_018")
    assert (await api.data("/policies/no-customers"))["mode"] == "off"


ODD = [
    '{"a": context.amount, "b": "zzz"} == {"a": decimal("1.0"), "b": "zzz"}',
    'context has ip && {"a": context.ip, "b": "zz"} == {"a": ip("10.0.0.1"), "b": "zz"}',
    'context.now > datetime("0001-01-01")',
    'context.amount.greaterThan(decimal("922337203685477.5807"))',
]


@pytest.mark.parametrize("condition", ODD)
async def test_every_valid_policy_has_a_report(api: Api, condition: str) -> None:
    cedar = (
        f'forbid(principal is User, action == Action::"payment:create", resource) when {{ context has amount && {condition} }};'
    )
    await create_in_cedar(api, "odd", cedar)
    await done(await ask_change(api, put("odd")))


async def test_a_role_that_a_proposed_policy_names_may_not_be_retired_meanwhile(api: Api) -> None:
    await create_role(api, "cashier", "payment:approve")
    await create(api, "cashier-hours", "time-window", **{**OFFICE_HOURS, "roles": ["cashier"]})
    asked = await done(await ask_change(api, put("cashier-hours")))
    retired = await api.call("POST", "/roles/cashier/retire", json={"reason": "merged"}, headers={"If-Match": '"1"'})
    assert retired.status_code == 200, retired.text
    second = await colleague(api)
    assert await second.refused("GET", f"/policies/changes/{asked['id']}") == (422, "VAL_001")


async def test_who_manages_roles_alone_changes_nobody_whom_a_policy_concerns(api: Api) -> None:
    manager = api.subject()
    await create_role(api, "managers", "role:manage")
    await create_role(api, "exempt")
    await create_role(api, "junior")
    await create_role(api, "trainee", includes=("junior",))
    await grant(api, manager, "managers")
    parameters = {**OFFICE_HOURS, "roles": ["junior"], "except_roles": ["exempt"]}
    await create(api, "hours", "time-window", **parameters)
    await in_force(api, put("hours"))
    answer = await api.call("POST", "/roles/junior/retire", json={"reason": "closed"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"], answer.json()["details"]["policies"]) == (409, "GOV_015", ["hours"])
    headers = {**api.forge.headers(manager, roles=("managers",)), "If-Match": '"1"'}
    path = "/roles/trainee/includes"
    # Neither out of the policy, nor into the roles that it exempts.
    for roles in ([], ["junior", "exempt"]):
        assert await api.refused("PUT", path, roles=None, json={"roles": roles}, headers=headers) == (403, "ACC_003")
    await done(await api.call("PUT", path, json={"roles": []}, headers={"If-Match": '"1"'}))


async def test_two_approvals_at_once_publish_once(api: Api) -> None:
    await create(api, "desk-hours")
    asked = await done(await ask_change(api, put("desk-hours")))
    before = (await api.data("/policies/bundles/current"))["version"]
    people = [await colleague(api) for _ in range(4)]
    answers = await asyncio.gather(*(approve(each, asked["id"], etag=f'"{before}"') for each in people))
    statuses = [answer.status_code for answer in answers]
    # The others read a report of before, or find the change decided.
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409, 412}
    assert (await api.data("/policies/bundles/current"))["version"] == before + 1
    facts = await recorded_facts(api)
    assert [fact.action for fact in facts].count("governance.policy_change.approve") == 1


async def test_every_step_is_on_record(api: Api) -> None:
    await create(api, "desk-hours")
    asked = await done(await ask_change(api, put("desk-hours")))
    await done(await approve(await colleague(api), asked["id"]))
    facts = await recorded_facts(api)
    about = [fact for fact in facts if "policy:desk-hours" in fact.related_ids]
    assert [(fact.action, fact.reason) for fact in about] == [
        ("governance.policy.create", WHY),
        ("governance.policy_version.create", WHY),
        ("governance.policy_change.ask", WHY),
        ("governance.policy.put", WHY),
        ("governance.policy_change.approve", ""),
    ]
    [version] = [json.loads(fact.after) for fact in about if fact.action == "governance.policy_version.create"]
    assert version["cedar"].startswith("forbid(")
    assert version["parameters"] == OFFICE_HOURS


async def test_repeated_requests_get_the_first_answer(api: Api) -> None:
    """Also when the change is decided, or in force, in the meantime."""
    await create(api, "desk-hours")
    key = {"Idempotency-Key": "ask-desk-hours"}
    body = {"items": [put("desk-hours")], "reason": WHY}
    first = await api.call("POST", "/policies/changes", json=body, headers=key)
    path = f"/policies/changes/{first.json()['data']['id']}"
    second = await colleague(api)
    seen = {"If-Match": (await second.call("GET", path)).headers["etag"], "Idempotency-Key": "approve-desk-hours"}
    approved = await second.call("POST", f"{path}/approve", json={}, headers=seen)
    assert (first.status_code, approved.status_code) == (201, 200)
    async with unchanged(api.database):
        again = await api.call("POST", "/policies/changes", json=body, headers=key)
        approved_again = await second.call("POST", f"{path}/approve", json={}, headers=seen)
    assert (again.json(), approved_again.json()) == (first.json(), approved.json())
    assert [answer.headers["idempotency-replayed"] for answer in (again, approved_again)] == ["true", "true"]
