"""The decision point for applications: OpenID AuthZEN Authorization API 1.0, tried with the examples of the specification."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.policies import BundleRefresher, Decision, LimitedRole, Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import limited
from governance.domain.access_question import AccessQuestion
from governance.infrastructure.local_bundles import LocalBundles
from governance.infrastructure.sql.policy_bundles import SqlPolicyBundleViews
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from services.governance.tests.contract.access_api import create_role, done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.policies_api import in_force, put
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.registry import wired
from services.governance.tests.stored import assigned

ALICE = {"type": "user", "id": "alice@acmecorp.com"}
# Section 10.1 of the specification, with the members that it has.
EXAMPLE = {
    "subject": ALICE,
    "resource": {"type": "todo", "id": "1"},
    "action": {"name": "can_read"},
    "context": {"time": "1985-10-26T01:22-07:00"},
}
BOXCARRED = {
    "subject": ALICE,
    "context": {"time": "2024-05-31T15:22-07:00"},
    "action": {"name": "can_read"},
    "evaluations": [
        {"resource": {"type": "document", "id": "boxcarring.md"}},
        {"resource": {"type": "document", "id": "subject-search.md"}},
        {"action": {"name": "can_edit"}, "resource": {"type": "document", "id": "resource-search.md"}},
    ],
}
WITHOUT_DEFAULTS = {
    "evaluations": [
        {
            "subject": ALICE,
            "action": {"name": "can_read"},
            "resource": {"type": "document", "id": name},
            "context": {"time": "2024-05-31T15:22-07:00"},
        }
        for name in ("boxcarring.md", "subject-search.md", "resource-search.md")
    ]
}


class Recorded(list[Decision]):
    def record(self, decision: Decision) -> None:
        self.append(decision)


UNKNOWN = {"decision": False, "context": {"reason": "unknown subject"}}


async def evaluate(api: Api, body: Any, *, many: bool = False, **options: Any) -> httpx.Response:
    """Ask as applications do: at the root, without our envelope."""
    path = "/access/v1/evaluations" if many else "/access/v1/evaluation"
    roles = options.pop("roles", ("admin",))
    headers = {} if roles is None else api.forge.headers(options.pop("by", api.admin_id), roles=roles)
    return await api.client.post(path, json=body, headers={**headers, "X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"})


def asks(subject: UUID, action: str = "document:view", **more: Any) -> dict[str, Any]:
    resource = {"type": "document", "id": "1", "properties": more.pop("properties", {})}
    return {"subject": {"type": "user", "id": str(subject)}, "action": {"name": action}, "resource": resource, **more}


async def test_the_examples_of_the_specification(api: Api) -> None:
    """Nobody of the examples is known here, so the answers are no; their form is that of the specification."""
    answer = await evaluate(api, EXAMPLE)
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, "application/json", UNKNOWN)
    assert answer.headers["x-request-id"] == "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"
    for body in (BOXCARRED, WITHOUT_DEFAULTS):
        assert (await evaluate(api, body, many=True)).json() == {"evaluations": [UNKNOWN] * 3}
    # Without evaluations, it is a request for one evaluation.
    assert (await evaluate(api, EXAMPLE, many=True)).json() == UNKNOWN


async def staff(api: Api) -> UUID:
    subject = api.subject()
    await grant(api, subject, "staff")
    return subject


async def test_a_decision_is_that_of_the_policies_in_force(api: Api) -> None:
    clerk, admin = await staff(api), api.admin_id
    secret: dict[str, Any] = {"properties": {"classification": "classified"}}
    of_clerk = (await evaluate(api, asks(clerk))).json()
    version = (await api.data("/policies/bundles/current"))["version"]
    assert of_clerk == {"decision": True, "context": {"policies": ["role:staff"], "bundle_version": version}}
    denied = (await evaluate(api, asks(clerk, **secret))).json()
    assert denied == {"decision": False, "context": {"policies": ["policy:classified-documents"], "bundle_version": version}}
    assert (await evaluate(api, asks(admin, **secret))).json()["decision"] is True
    nobody = (await evaluate(api, asks(clerk, "role:manage"))).json()
    assert nobody == {"decision": False, "context": {"policies": [], "bundle_version": version}}
    assert (await evaluate(api, asks(clerk, "moon:walk"))).json()["decision"] is False


async def test_a_role_change_holds_for_the_very_next_question(api: Api) -> None:
    clerk = await staff(api)
    assert (await evaluate(api, asks(clerk))).json()["decision"] is True
    await done(await api.call("DELETE", f"/role-assignments/{clerk}/staff", params={"reason": "left"}))
    assert (await evaluate(api, asks(clerk))).json()["decision"] is False


async def test_a_role_for_an_organization_counts_there(api: Api, policies: Policies) -> None:
    clerk, here, there = api.subject(), str(new_id()), str(new_id())
    await assigned(api.database, clerk, "guest")
    await create_role(api, "reader", "document:view")
    await api.refresher.refresh()
    limited(policies, clerk, LimitedRole("reader", here))
    for organization, decision in ((here, True), (there, False)):
        answer = await evaluate(api, asks(clerk, properties={"organization": organization}))
        assert answer.json()["decision"] is decision


async def test_a_suspended_person_is_denied(api: Api) -> None:
    clerk = await staff(api)
    await api.governance.standings.disable_subject(actor=Actor.service("identity"), by=api.admin_id, subject_id=clerk, version=1)
    answer = await evaluate(api, asks(clerk))
    assert answer.json() == {"decision": False, "context": {"reason": "the subject is suspended or closed"}}


async def test_the_context_describes_the_request_of_the_person(api: Api) -> None:
    clerk = api.admin_id
    office = {"permissions": ["document:view"], "networks": ["10.0.0.0/8"]}
    body = {
        "name": "office",
        "description": "x",
        "owner": "x",
        "template": "network-range",
        "parameters": office,
        "reason": "test",
    }
    await done(await api.call("POST", "/policies", json=body))
    mfa = {**body, "name": "fresh", "template": "mfa-recent", "parameters": {"permissions": ["document:view"], "minutes": 5}}
    await done(await api.call("POST", "/policies", json=mfa))
    await in_force(api, put("office"), put("fresh"))
    known = {"ip": "10.1.2.3", "two_factors": True, "minutes_since_sign_in": 4}
    cases = [
        (known, True),
        ({**known, "ip": "11.1.2.3"}, False),
        ({**known, "minutes_since_sign_in": 5}, False),
        ({**known, "minutes_since_sign_in": 2**52}, False),
        ({**known, "two_factors": False}, False),
        # What is not given counts as unknown.
        ({}, False),
        ({"ip": "10.1.2.3"}, False),
        # Nobody asks in a session: both templates are about requests of people.
        ({"interactive": False}, True),
        ({**known, "unknown": {"nested": [1]}}, True),
    ]
    for context, decision in cases:
        assert (await evaluate(api, asks(clerk, context=context))).json()["decision"] is decision, context


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"context": {"ip": "nowhere"}}, "ip: expected ip_address"),
        ({"context": {"two_factors": "yes"}}, "two_factors: expected boolean"),
        ({"context": {"minutes_since_sign_in": 1.5}}, "minutes_since_sign_in: expected number"),
        ({"context": {"minutes_since_sign_in": -100}}, "minutes_since_sign_in: expected number"),
        ({"context": {"ip": "fe80::1%eth0"}}, "ip: expected ip_address"),
        ({"properties": {"classification": ["classified"]}}, "classification: expected text"),
        ({"properties": {"teams": "one"}}, "teams: expected texts"),
    ],
)
async def test_a_value_of_the_wrong_type_is_denied_and_named(api: Api, changes: dict[str, Any], reason: str) -> None:
    answer = await evaluate(api, asks(api.admin_id, **changes))
    assert (answer.status_code, answer.json()) == (200, {"decision": False, "context": {"reason": reason}})


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
async def test_evaluations_end_as_their_semantic_says(api: Api, semantic: str, expected: list[bool]) -> None:
    clerk = await staff(api)
    body = {
        "subject": {"type": "user", "id": str(clerk)},
        "action": {"name": "document:view"},
        "options": {"evaluations_semantic": semantic, "another_option": "value"},
        "evaluations": [
            {"resource": {"type": "document", "id": "1"}},
            {"resource": {"type": "document", "id": "2", "properties": {"classification": "classified"}}},
            {"resource": {"type": "document", "id": "3"}},
        ],
    }
    answers = (await evaluate(api, body, many=True)).json()["evaluations"]
    assert [answer["decision"] for answer in answers] == expected


MALFORMED = [
    {},
    [],
    {name: value for name, value in EXAMPLE.items() if name != "subject"},
    {name: value for name, value in EXAMPLE.items() if name != "action"},
    {name: value for name, value in EXAMPLE.items() if name != "resource"},
    {**EXAMPLE, "subject": {"type": "user"}},
    {**EXAMPLE, "subject": {"id": "alice"}},
    {**EXAMPLE, "subject": {"type": "user", "id": ""}},
    {**EXAMPLE, "subject": {"type": "user", "id": 7}},
    {**EXAMPLE, "action": "can_read"},
    {**EXAMPLE, "context": "now"},
    {**EXAMPLE, "resource": {"type": "todo", "id": "1", "properties": []}},
]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("body", MALFORMED)
async def test_a_malformed_request_is_refused_with_400_as_the_standard_says(api: Api, body: Any, many: bool) -> None:
    answer = await evaluate(api, body, many=many)
    assert (answer.status_code, answer.json()["code"]) == (400, "VAL_001")


@pytest.mark.parametrize(
    "body",
    [
        {**BOXCARRED, "evaluations": [{}]},
        {**BOXCARRED, "options": {"evaluations_semantic": "sometimes"}},
        {**BOXCARRED, "evaluations": [BOXCARRED["evaluations"][0]] * 101},  # type: ignore[index]
        {**BOXCARRED, "evaluations": {"resource": {}}},
    ],
)
async def test_malformed_evaluations_are_refused(api: Api, body: Any) -> None:
    assert (await evaluate(api, body, many=True)).status_code == 400


async def test_people_ask_about_themselves_and_applications_about_others(api: Api) -> None:
    clerk = await staff(api)
    own = await evaluate(api, asks(clerk), by=clerk, roles=("staff",))
    # Policies are named to those who manage them.
    assert (own.status_code, own.json()) == (200, {"decision": True})
    for many in (False, True):
        other = await evaluate(api, asks(api.admin_id), by=clerk, roles=("staff",), many=many)
        assert (other.status_code, other.json()["code"]) == (403, "ACC_001")
    assert (await evaluate(api, asks(clerk), roles=None)).status_code == 401
    application = api.subject()
    await create_role(api, "application", "access:evaluate")
    await grant(api, application, "application")
    await api.refresher.refresh()
    asked = await evaluate(api, asks(clerk), by=application, roles=("application",))
    assert (asked.status_code, asked.json()) == (200, {"decision": True})


async def test_a_denial_names_its_policies_to_those_who_manage_them(api: Api) -> None:
    """Of any operation, not only of the decision point."""
    cedar = 'forbid(principal is User, action == Action::"access:evaluate", resource) when { context.weekday == 6 };'
    body = {"name": "never", "description": "x", "owner": "x", "cedar": cedar, "reason": "test"}
    await done(await api.call("POST", "/policies", json=body))
    await create_role(api, "application", "access:evaluate", "organization:read_any")
    await in_force(api, put("never"))
    # 2026-03-21 is a Saturday.
    for roles, details in ((("admin",), {"policies": ["policy:never"]}), (("application",), None)):
        answer = await evaluate(api, asks(api.subject()), roles=roles)
        assert (answer.status_code, answer.json()["code"], answer.json().get("details")) == (403, "ACC_001", details)
    await create_role(api, "risk", "policy:manage")
    await api.refresher.refresh()
    answer = await api.call("GET", "/roles", roles=("risk",))
    assert (answer.status_code, answer.json()["details"]) == (403, {"policies": []}), "no role permits it"


def clerk_of(clerk: UUID) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(clerk), roles=frozenset({"staff"}))


async def test_decisions_are_on_record_whatever_they_are(
    database: Database, clock: ControlledClock, subjects: FakeSubjects
) -> None:
    recorded = Recorded()
    policies = Policies(clock, decisions=recorded, allows_logged_ratio=0)
    app = wired(database, subjects, clock, decisions=policies)
    await BundleRefresher(LocalBundles(SqlPolicyBundleViews(database)), policies).refresh()
    clerk = new_id()
    await assigned(database, clerk, "staff")
    question = AccessQuestion(
        subject_type="user",
        subject_id=str(clerk),
        action="document:view",
        resource_type="document",
        resource_id="7",
        attributes={"classification": "internal", "colour": "red"},
        facts={"ip": "10.1.2.3"},
    )
    answer = await app.evaluations.evaluate_access(actor=clerk_of(clerk), question=question)
    # Only the question itself: whether policies may be named to the caller is none.
    [made] = recorded
    assert answer.allowed
    assert (made.allowed, made.principal_id, made.resource_type, made.resource_id) == (True, str(clerk), "document", "7")
    assert (made.inputs.ip, made.inputs.attributes, made.inputs.roles) == ("10.1.2.3", {"classification": "internal"}, ("staff",))
