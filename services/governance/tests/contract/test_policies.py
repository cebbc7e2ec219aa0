"""Policies over REST: what a person fills in, what it says, and what is refused with its place."""

from typing import Any

import pytest

from governance.domain.policy_templates import TEMPLATES
from services.governance.tests.contract.access_api import done
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.policies_api import OFFICE_HOURS, WHY, create, create_in_cedar, in_force, put

SENTENCE = (
    "People with the role staff may approve a payment (payment:approve) only on Monday to Friday from 09:00 to 17:00, "
    "Namibian time, and not on public holidays."
)
SHIPPED = [
    "business-hours",
    "classified-documents",
    "mfa-for-money",
    "office-network",
    "own-organization",
    "own-wallets",
    "payment-ceiling",
]
FORBID = 'forbid(principal is User, action in [Action::"payment:approve"], resource) when'


async def test_a_template_is_filled_in_and_read_in_english_and_in_cedar(api: Api) -> None:
    draft = {"template": "time-window", "parameters": OFFICE_HOURS}
    preview = await done(await api.call("POST", "/policies/preview", json=draft))
    assert preview["sentence"] == SENTENCE
    assert "context.minute_of_day >= 540 && context.minute_of_day < 1020" in preview["cedar"]
    assert (await api.data("/policies", permission="payment:approve"))["total"] == 2, "nothing is stored by a preview"

    made = await create(api, "desk-hours")
    shown = await api.data("/policies/desk-hours")
    assert shown == made
    assert (made["mode"], made["version_in_force"], made["latest_version"], made["sentence"]) == ("off", None, 1, SENTENCE)
    version = await api.data("/policies/desk-hours/versions/1")
    assert (version["cedar"], version["parameters"], version["template"]) == (preview["cedar"], OFFICE_HOURS, "time-window")
    assert (version["sentence"], version["created_by"]) == (SENTENCE, str(api.admin_id))


async def test_what_is_shipped_is_listed_and_one_is_enforced(api: Api) -> None:
    listed = (await api.data("/policies"))["items"]
    assert [each["name"] for each in listed] == SHIPPED
    assert [each["name"] for each in listed if each["mode"] == "enforced"] == ["classified-documents"]
    assert (await api.data("/policies", mode="enforced"))["total"] == 1
    assert {each["owner"] for each in listed} == {"governance"}
    bundle = await api.data("/policies/bundles/current")
    assert bundle["in_force"] == [{"policy": "classified-documents", "version": 1, "mode": "enforced"}]
    assert '@id("policy:classified-documents")\n@version("1")\nforbid' in bundle["policies"]


@pytest.mark.parametrize("name", sorted(TEMPLATES))
async def test_the_example_of_each_template_makes_a_policy(api: Api, name: str) -> None:
    listed = {each["name"]: each for each in (await api.data("/policies/templates"))["items"]}
    parameters = {each["name"]: each["example"] for each in listed[name]["parameters"] if each["is_required"]}
    about = {
        "amount-limit": "payment:create",
        "classification": "document:view",
        "own-resource": "payment:create",
    }
    parameters["permissions"] = [about.get(name, "payment:approve")]
    made = await create(api, "of-the-example", name, **parameters)
    assert made["sentence"].endswith(".")
    assert made["sentence"].startswith("Everybody may")


async def test_a_new_version_leaves_the_one_in_force(api: Api) -> None:
    await create(api, "desk-hours")
    await in_force(api, put("desk-hours"))
    policy = await api.call("GET", "/policies/desk-hours")
    body = {"template": "time-window", "parameters": {**OFFICE_HOURS, "ends": "18:00"}, "reason": WHY}
    stale = await api.refused("POST", "/policies/desk-hours/versions", json=body, headers={"If-Match": '"1"'})
    assert stale == (412, "RES_003")
    added = await api.call("POST", "/policies/desk-hours/versions", json=body, headers={"If-Match": policy.headers["etag"]})
    assert (added.status_code, added.json()["data"]["number"]) == (201, 2)
    shown = await api.data("/policies/desk-hours")
    assert (shown["version_in_force"], shown["latest_version"], shown["sentence"]) == (1, 2, SENTENCE)
    listed = await api.data("/policies/desk-hours/versions")
    assert [(each["number"], "18:00" in each["sentence"]) for each in listed["items"]] == [(2, True), (1, False)]


async def test_a_policy_is_described_again(api: Api) -> None:
    made = await create(api, "desk-hours")
    etag = {"If-Match": f'"{made["revision"]}"'}
    changed = await api.call("PATCH", "/policies/desk-hours", json={"owner": "risk officer"}, headers=etag)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["data"]["owner"], changed.json()["data"]["description"]) == ("risk officer", "for a test")
    assert await api.refused("PATCH", "/policies/desk-hours", json={"owner": "x"}, headers=etag) == (412, "RES_003")
    assert await api.refused("PATCH", "/policies/desk-hours", json={"owner": "x"}) == (428, "RES_006")


# About the permission to change policies, a policy that spares one person would lock all others out.
ONE_IS_SPARED = [
    'forbid(principal is User, ABOUT, resource) when { principal != User::"00000000-0000-4000-8000-000000000001" };',
    'forbid(principal == User::"0b9f0a6e-6c2a-4c35-8ac5-4a8d0f5b7f10", ABOUT, resource);',
    'forbid(principal, ABOUT, resource == Resource::"platform/platform") when { true };',
    "forbid(principal, ABOUT, resource is Resource);",
    'forbid(principal, ABOUT, resource) when { [User::"0b9f0a6e-6c2a-4c35-8ac5-4a8d0f5b7f10"].contains(principal) };',
    'forbid(principal, ABOUT, resource) when { (if true then resource else resource).type == "x" };',
    "forbid(principal, ABOUT, resource) when { context == context };",
]


@pytest.mark.parametrize(
    ("draft", "field", "problem"),
    [
        ({"template": "time-window", "parameters": {**OFFICE_HOURS, "starts": "9"}}, "parameters.starts", "from 00:00 to 23:59"),
        (
            {"template": "time-window", "parameters": {"permissions": ["payment:approve"], "ends": "17:00"}},
            "parameters.starts",
            "Required",
        ),
        ({"template": "time-window", "parameters": {**OFFICE_HOURS, "ends": "09:00"}}, "parameters.ends", "another time"),
        ({"template": "time-window", "parameters": {**OFFICE_HOURS, "colour": "red"}}, "parameters.colour", "no such parameter"),
        ({"template": "time-window", "parameters": {**OFFICE_HOURS, "roles": ["ghost"]}}, "parameters", "role ghost does not"),
        (
            {"template": "time-window", "parameters": {**OFFICE_HOURS, "permissions": ["moon:walk"]}},
            "parameters",
            "permission moon:walk does not exist",
        ),
        (
            {"template": "time-window", "parameters": {**OFFICE_HOURS, "except_roles": ["staff"]}},
            "parameters.except_roles",
            "also",
        ),
        (
            {"template": "amount-limit", "parameters": {"permissions": ["audit:view"], "amount": "1.00", "currency": "NAD"}},
            "parameters",
            "There is no fact amount about audit:view",
        ),
        (
            {"template": "amount-limit", "parameters": {"permissions": ["payment:create"], "amount": "1e5", "currency": "EUR"}},
            "parameters.currency",
            "a currency",
        ),
        (
            {"template": "network-range", "parameters": {"permissions": ["audit:view"], "networks": ["10.0.0.1/8"]}},
            "parameters.networks",
            "has host bits set",
        ),
        (
            {"template": "own-resource", "parameters": {"permissions": ["audit:view"]}},
            "parameters",
            "There is no owner of what audit:view is about",
        ),
        ({"cedar": f"{FORBID} {{\n  context. == 1\n}};"}, "cedar", "Line 2, column 12: unexpected token `==`"),
        ({"cedar": f"{FORBID} {{ true "}, "cedar", "Line 1, at the end"),
        ({"cedar": f"{FORBID} {{ context.amout }};"}, "cedar", "There is no fact amout about payment:approve"),
        ({"cedar": f'{FORBID} {{ context.amount == decimal("1.0") }};'}, "cedar", "unable to guarantee safety of access"),
        ({"cedar": f'{FORBID} {{ context.weekday == "monday" }};'}, "cedar", "the types Long and String are not compatible"),
        ({"cedar": f'{FORBID} {{ resource.colour == "red" }};'}, "cedar", "There is no colour of what payment:approve"),
        ({"cedar": 'permit(principal, action in [Action::"payment:approve"], resource);'}, "cedar", "Expected a forbid"),
        ({"cedar": "forbid(principal, action, resource);"}, "cedar", "Expected the permissions"),
        ({"cedar": f'@id("role:admin")\n{FORBID} {{ true }};'}, "cedar", "no annotations"),
        ({"cedar": f"{FORBID} {{ true }};{FORBID} {{ true }};"}, "cedar", "Expected one policy"),
        ({"cedar": f'{FORBID} {{ principal in Role::"ghost" }};'}, "cedar", "The role ghost does not exist"),
        ({"cedar": f'{FORBID} {{ ip("300.1.1.1").isLoopback() }};'}, "cedar", "failed to parse as IP address"),
        ({"cedar": 'forbid(principal, action == Action::"payment:settle-alone", resource);'}, "cedar", "does not exist"),
        ({"cedar": f"{FORBID} {{ {'(' * 900}true{')' * 900} }};"}, "cedar", "at most 50 brackets"),
        ({"cedar": f"{FORBID} {{ {'if true then true else ' * 300}true }};"}, "cedar", "at most 50 brackets"),
        ({"cedar": f"{FORBID} {{ {'[' * 600}{']' * 600} == [] }};"}, "cedar", "at most 50 brackets"),
        ({"cedar": f"{FORBID} {{ {'1+' * 600}1 == 5 }};"}, "cedar", "fewer operators"),
        ({"cedar": f"{FORBID} {{ {'1+' * 4000}1 == 5 }};"}, "cedar", "fewer operators"),
        ({"cedar": f"{FORBID} {{ [{'1,' * 4000}1] == [1] }} }};"}, "cedar", "unexpected token `}`"),
        *(
            ({"cedar": text.replace("ABOUT", 'action == Action::"policy:manage"')}, "cedar", "only ask for a recent sign-in")
            for text in ONE_IS_SPARED
        ),
        (
            {"template": "network-range", "parameters": {"permissions": ["audit:view"], "networks": ["fe80::%eth0/128"]}},
            "parameters.networks",
            "without a zone",
        ),
        (
            {"template": "network-range", "parameters": {"permissions": ["audit:view"], "networks": ["::ffff:10.0.0.0/104"]}},
            "parameters.networks",
            "mapped address",
        ),
        (
            {"cedar": 'forbid(principal, action == Action::"policy:manage", resource) when { context.weekday == 7 };'},
            "cedar",
            "only ask for a recent sign-in",
        ),
        (
            {"template": "time-window", "parameters": {**OFFICE_HOURS, "permissions": ["role:manage"]}},
            "parameters",
            "only ask for a recent sign-in",
        ),
    ],
)
async def test_a_malformed_policy_is_refused_and_told_where(api: Api, draft: dict[str, Any], field: str, problem: str) -> None:
    body = {"name": "wrong", "description": "for a test", "owner": "the desk", "reason": WHY, **draft}
    assert await api.refused("POST", "/policies", json=body) == (422, "VAL_001")
    answer = (await api.call("POST", "/policies/preview", json=draft)).json()
    assert {each["field"] for each in answer["errors"]} == {field}
    assert any(problem in each["message"] for each in answer["errors"]), answer["errors"]


async def test_a_draft_is_either_a_template_or_cedar(api: Api) -> None:
    for draft in ({}, {"template": "time-window", "cedar": f"{FORBID} {{ true }};"}):
        assert await api.refused("POST", "/policies/preview", json=draft) == (422, "VAL_001")
    assert await api.refused("POST", "/policies/preview", json={"template": "unknown"}) == (404, "RES_001")


@pytest.mark.parametrize("name", ["changes", "templates", "bundles", "golden-decisions", "vocabulary", "approval-rules"])
async def test_a_policy_cannot_have_the_name_of_another_path(api: Api, name: str) -> None:
    body = {"name": name, "description": "x", "owner": "x", "template": "time-window", "parameters": OFFICE_HOURS, "reason": WHY}
    assert await api.refused("POST", "/policies", json=body) == (422, "VAL_001")


async def test_a_name_is_used_once(api: Api) -> None:
    await create(api, "desk-hours")
    body = {"name": "desk-hours", "description": "x", "owner": "x", "cedar": f"{FORBID} {{ true }};", "reason": WHY}
    assert await api.refused("POST", "/policies", json=body) == (409, "RES_002")
    for path in (
        "/policies/ghost",
        "/policies/ghost/versions",
        "/policies/desk-hours/versions/2",
        "/policies/ghost/shadow-report",
    ):
        assert await api.refused("GET", path) == (404, "RES_001")


async def test_cedar_is_kept_as_it_was_written(api: Api) -> None:
    cedar = f'{FORBID} {{\n  // Never on a Sunday.\n  context.weekday == 7 && principal in Role::"staff"\n}};'
    made = await create_in_cedar(api, "sundays", cedar)
    assert made["sentence"] == "A rule written in Cedar forbids, under its conditions: approve a payment (payment:approve)."
    assert (await api.data("/policies/sundays/versions/1"))["cedar"] == cedar


async def test_the_vocabulary_says_what_a_policy_may_read(api: Api) -> None:
    vocabulary = await api.data("/policies/vocabulary")
    environment = {each["name"]: (each["type"], each["is_optional"]) for each in vocabulary["environment"]}
    assert environment == {
        "interactive": ("boolean", False),
        "now": ("time", False),
        "minute_of_day": ("number", False),
        "weekday": ("number", False),
        "public_holiday": ("boolean", False),
        "ip": ("ip_address", True),
        "two_factors": ("boolean", False),
        "minutes_since_sign_in": ("number", False),
    }
    assert all(each["description"] for each in vocabulary["environment"])
    told = {each["permission"]: each for each in vocabulary["permissions"]}
    facts = {each["name"]: each["type"] for each in told["payment:create"]["facts"]}
    assert facts == {"amount": "decimal", "currency": "text", "kind": "text"}
    assert told["payment:create"]["attributes"] == ["organization", "owner", "teams"]
    assert told["document:view"]["resource_type"] == "document"
    assert told["audit:view"]["facts"] == []
