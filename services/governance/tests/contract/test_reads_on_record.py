"""Reads of another user's roles are recorded before the response."""

import json
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from chassis.persistence import outbox
from chassis.testing.clocks import ControlledClock
from chassis.testing.declared_reads import DeclaredReads, Person
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from governance.interfaces.publications import PUBLICATIONS
from governance.interfaces.rest import ROUTERS
from kernel.errors import Unavailable
from services.governance.tests.contract.access_api import ask_exception, done, set_separation
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import create_organization, founded
from services.governance.tests.contract.policies_api import ask_change, create, in_force, put
from services.governance.tests.contract.reviews_api import ask, close, decide, start
from services.governance.tests.stored import published

WHY: Final = {"reason": "complaint 4711"}
RULE: Final = {"currency": "NAD", "threshold": "1.00", "reason": "resolution 12"}
PATHS: Final = {
    "list_roles": "/roles",
    "get_role": "/roles/staff",
    "list_permissions": "/permissions",
    "list_role_assignments": "/role-assignments",
    "get_subject_roles": "/role-assignments/{subject}",
    "list_policies": "/policies",
    "get_policy": "/policies/night",
    "list_policy_versions": "/policies/night/versions",
    "get_policy_version": "/policies/night/versions/1",
    "list_policy_templates": "/policies/templates",
    "get_policy_vocabulary": "/policies/vocabulary",
    "get_shadow_report": "/policies/night/shadow-report",
    "list_policy_changes": "/policies/changes",
    "get_policy_change": "/policies/changes/{change}",
    "list_golden_decisions": "/policies/golden-decisions",
    "get_golden_decision": "/policies/golden-decisions/guests-pay-nothing",
    "list_policy_bundles": "/policies/bundles",
    "get_policy_bundle": "/policies/bundles/1",
    "get_current_policies": "/policies/bundles/current",
    "list_approval_rules": "/policies/approval-rules",
    "get_approval_rule": "/policies/approval-rules/large",
    "get_user_access": "/access/users/{subject}",
    "explain_access": "/access/explain?subject_id={subject}&permission=user:read",
    "preview_assignment": "/access/preview?change=revoke&subject_id={subject}&role=staff",
    "list_who_can": "/access/who-can?permission=transfer:read_any",
    "list_organizations": "/organizations",
    "get_organization": "/organizations/{organization}",
    "list_members": "/organizations/{organization}/members",
    "get_member": "/organizations/{organization}/members/{subject}",
    "list_invitations": "/organizations/{organization}/invitations",
    "list_teams": "/organizations/{organization}/teams",
    "list_own_teams": "/teams",
    "get_team": "/teams/{team}",
    "list_team_members": "/teams/{team}/members",
    "list_separations": "/access/separations",
    "get_separation": "/access/separations/view-and-approve",
    "list_duty_conflicts": "/access/separations/view-and-approve/conflicts",
    "list_separation_exceptions": "/access/separation-exceptions",
    "list_access_reviews": "/access/reviews",
    "get_access_review": "/access/reviews/{review}",
    "list_review_lines": "/access/reviews/{review}/lines",
    "export_review_lines": "/access/reviews/{review}/lines/export",
    "get_review_report": "/access/reviews/{review}/report",
    "list_review_keys": "/access/reviews/keys",
}


@pytest.fixture
async def subject(api: Api) -> str:
    """Create a subject with a role."""
    whose = str(api.subject())
    body = {"subject_id": whose, "role": "staff"}
    assert (await api.call("POST", "/role-assignments", json=body)).status_code == 201
    return whose


async def facts(api: Api, *, since: int = 0) -> list[dict[str, Any]]:
    """Return the recorded facts of reads."""
    messages = [message for _, message in await published(api.database, but_first=since)]
    found = [fact for message in messages if isinstance(message, AuditFactsRecorded) for fact in message.facts]
    return [
        {
            "action": fact.action,
            "by": fact.actor.subject_id,
            "about": fact.resource_id,
            "after": json.loads(fact.after) if fact.HasField("after") else None,
            "reason": fact.reason if fact.HasField("reason") else None,
            "related": list(fact.related_ids),
        }
        for fact in found
        if fact.resource_type == "read"
    ]


async def test_every_operation_records_the_reads_that_it_declares(api: Api, subject: str, clock: ControlledClock) -> None:
    assert (await api.call("PUT", "/policies/approval-rules/large", json=RULE)).status_code == 200

    organization, team = await founded(api, UUID(subject))
    await create(api, "night")
    await in_force(api, put("night", 1, "shadow"))
    change = (await done(await ask_change(api, put("night"))))["id"]
    await set_separation(api, "view-and-approve")
    await ask_exception(api, "view-and-approve", UUID(subject))

    review = await start(api, roles=["staff"])
    await ask(api, clock)
    await decide(api, review, keep=[1])
    await close(api, clock)

    async def read(method: str, path: str) -> httpx.Response:
        return await api.call(method, path)

    made = {"subject": subject, "organization": organization, "team": team, "change": change, "review": review["id"]}
    paths = {name: path.format(**made) for name, path in PATHS.items()}
    reads = DeclaredReads(read, api.database, PUBLICATIONS, paths)
    assert await reads.misdeclared(ROUTERS, Person(subject, {subject})) == []


async def test_staff_see_organizations_of_others_on_record(api: Api) -> None:
    organization = (await create_organization(api))["id"]
    team = (await api.call("POST", f"/organizations/{organization}/teams", json={"name": "Desk"})).json()["data"]["id"]
    for path in ("?kind=merchant", f"/{organization}", f"/{organization}/teams", f"/{organization}/invitations"):
        assert (await api.call("GET", f"/organizations{path}")).status_code == 200
    assert (await api.call("GET", f"/teams/{team}")).status_code == 200
    assert [(fact["action"], fact["by"], fact["related"]) for fact in await facts(api)] == [
        (f"governance.{action}", str(api.admin_id), [organization])
        for action in ("organization.list", "organization.read", "team.list", "invitation.list", "team.read")
    ]


async def test_listing_assignments_requires_a_reason_and_records_the_listed_users(api: Api, subject: str) -> None:
    admin, role = str(api.admin_id), {"role": "staff"}
    for params in ({}, role, {"subject_id": subject}, {"reason": "no"}, {"reason": "    "}):
        assert await api.refused("GET", "/role-assignments", params=params) == (422, "VAL_001"), params
    for params in ({}, role, {"subject_id": subject}):
        assert (await api.call("GET", "/role-assignments", params={**params, **WHY})).status_code == 200
    searched = {"action": "governance.role_assignment.search", "by": admin, "about": "read", "reason": "complaint 4711"}
    assert await facts(api) == [
        {**searched, "after": {"shown": 2}, "related": [subject]},
        {**searched, "after": {"filters": role, "shown": 1}, "related": [subject]},
        {**searched, "after": {"filters": {"subject_id": subject}, "shown": 1}, "related": [subject]},
    ]


async def test_reading_roles_of_another_user_records_one_fact(api: Api, subject: str) -> None:
    assert (await api.call("GET", f"/role-assignments/{subject}")).status_code == 200
    assert await facts(api) == [
        {
            "action": "governance.role_assignment.read",
            "by": str(api.admin_id),
            "about": f"read/{subject}",
            "after": None,
            "reason": None,
            "related": [subject],
        }
    ]


async def test_a_grant_or_revocation_that_changes_nothing_is_recorded_as_a_read(api: Api, subject: str) -> None:
    stranger, own = str(api.subject()), str(api.admin_id)
    again = await api.call("POST", "/role-assignments", json={"subject_id": subject, "role": "staff"})
    assert (again.status_code, again.json()["data"]["role"]) == (200, "staff")
    for whose in (subject, stranger, own):
        assert (await api.call("DELETE", f"/role-assignments/{whose}/guest")).status_code == 200
    assert [(fact["action"], fact["related"]) for fact in await facts(api)] == [
        ("governance.role_assignment.read", [subject]),
        ("governance.role_assignment.read", [subject]),
        ("governance.role_assignment.read", [stranger]),
    ]


async def test_reading_own_roles_needs_no_reason_and_is_not_recorded(api: Api) -> None:
    for path in (f"/role-assignments/{api.admin_id}", f"/role-assignments?subject_id={api.admin_id}"):
        assert (await api.call("GET", path)).status_code == 200
    assert await facts(api) == []


async def test_data_is_not_shown_if_the_read_cannot_be_recorded(api: Api, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritable(_messages: object) -> object:
        raise Unavailable(dependency="outbox")

    monkeypatch.setattr(outbox, "insert", unwritable)
    for path in (f"/role-assignments/{subject}", "/role-assignments?reason=complaint"):
        assert await api.refused("GET", path) == (503, "SRV_002"), path
