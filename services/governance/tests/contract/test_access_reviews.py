"""Access reviews over REST: who decides which line, what a decision does, and how a campaign ends."""

import base64
import csv
import hashlib
import io
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1.events_pb2 import AuditFact, AuditFactsRecorded
from elcorp.governance.v1.events_pb2 import LimitedRolesChanged, SubjectRolesChanged
from elcorp.platform.v1.events_pb2 import NoticeRequested
from services.governance.tests.contract.access_api import create_role, done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import add_member, create_organization, person
from services.governance.tests.contract.reviews_api import (
    DEADLINE,
    WHY,
    ask,
    close,
    company,
    decide,
    lines,
    number_of,
    outcomes,
    report_to,
    start,
)
from services.governance.tests.stored import rows, sent

_SET_MANAGER = text("UPDATE memberships SET manager_id = :manager, platform_manager_id = :manager WHERE subject_id = :subject")


async def facts(api: Api, action: str) -> list[AuditFact]:
    recorded = await sent(api.database, AuditFactsRecorded)
    return [fact for message in recorded for fact in message.facts if fact.action == action]


async def test_a_campaign_lists_who_has_what_and_asks_the_managers(api: Api, clock: ControlledClock) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    assert (review["status"], review["line_count"], review["deadline"]) == ("running", 4, DEADLINE)

    listed = await lines(api, review)
    assert [line["number"] for line in listed] == [1, 2, 3, 4]
    assert {line["subject_id"] for line in listed} == {str(each.id) for each in (at.manager, *at.subordinates, at.alone)}
    managed = {line["subject_id"]: line["managers"] for line in listed}
    assert managed[str(at.subordinates[0].id)] == managed[str(at.subordinates[1].id)] == [str(at.manager.id)]
    assert managed[str(at.manager.id)] == managed[str(at.alone.id)] == []
    first = listed[0]
    assert (first["role"], first["role_title"], first["organization_id"]) == ("staff", "Staff", at.id)
    assert (first["outcome"], first["decided_by"], first["granted_by"]) == ("open", None, str(api.admin_id))

    progress = (await api.data(f"/access/reviews/{review['id']}"))["progress"]
    assert (progress["counts"]["open"], progress["without_manager"], progress["open_for_you"]) == (4, 2, 0)
    assert (await at.manager.data(f"/access/reviews/{review['id']}"))["progress"]["open_for_you"] == 2


async def test_managers_see_and_decide_the_lines_of_their_people_alone(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    theirs = await lines(at.manager, review)
    assert {line["subject_id"] for line in theirs} == {str(clerk.id) for clerk in at.subordinates}
    assert [each["id"] for each in (await at.manager.data("/access/reviews"))["items"]] == [review["id"]]

    kept, withdrawn = (line["number"] for line in theirs)
    decided = await decide(at.manager, review, keep=[kept], withdraw=[withdrawn])
    assert [(line["number"], line["outcome"], line["capacity"]) for line in decided] == [
        (kept, "kept", "manager"),
        (withdrawn, "withdrawn", "manager"),
    ]
    assert {line["decided_by"] for line in decided} == {str(at.manager.id)}

    path, body = f"/access/reviews/{review['id']}/decisions", {"reason": WHY}
    for other in (at.manager, at.alone):
        number = await number_of(api, review, other)
        assert await at.manager.refused("POST", path, json={**body, "keep": [number]}) == (404, "RES_001")
    for stranger in (person(api), at.alone, at.subordinates[0]):
        for asked in ("", "/lines", "/report"):
            assert await stranger.refused("GET", f"/access/reviews/{review['id']}{asked}") == (404, "RES_001")
        assert await stranger.refused("POST", path, json={**body, "keep": [kept]}) == (404, "RES_001")
        assert (await stranger.data("/access/reviews"))["items"] == []


async def test_what_is_withdrawn_is_revoked_at_once_with_facts_and_event(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    clerk = at.subordinates[0]
    number = await number_of(api, review, clerk)
    before = len(await sent(api.database, LimitedRolesChanged))
    await decide(at.manager, review, withdraw=[number])

    assert (await api.data(f"/organizations/{at.id}/members/{clerk.id}"))["roles"] == []
    (changed,) = (await sent(api.database, LimitedRolesChanged))[before:]
    assert (changed.subject_id, list(changed.roles)) == (str(clerk.id), [])
    (revoked,) = await facts(api, "governance.role.revoke")
    assert (revoked.resource_id, revoked.reason) == (str(clerk.id), f"access review {review['id']}: {WHY}")
    (fact,) = await facts(api, "governance.review_line.withdraw")
    assert (fact.actor.subject_id, fact.reason) == (str(at.manager.id), WHY)
    assert set(fact.related_ids) == {review["id"], str(clerk.id), "role:staff", at.id}
    assert json.loads(fact.before)["outcome"] == "open"
    assert json.loads(fact.after)["outcome"] == "withdrawn"

    # Repeating it changes nothing.
    await decide(at.manager, review, withdraw=[number])
    assert len(await facts(api, "governance.role.revoke")) == 1


async def test_what_is_kept_can_be_withdrawn_and_what_is_withdrawn_cannot_be_kept(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    number = await number_of(api, review, at.subordinates[0])
    await decide(at.manager, review, keep=[number])
    await decide(at.manager, review, withdraw=[number])
    refused = await at.manager.call("POST", f"/access/reviews/{review['id']}/decisions", json={"keep": [number], "reason": WHY})
    assert (refused.status_code, refused.json()["code"]) == (409, "GOV_022")
    assert refused.json()["details"] == {"line": number, "outcome": "withdrawn"}


async def test_nobody_decides_about_their_own_access(api: Api) -> None:
    at = await company(api)
    api.subjects.active.add(api.admin_id)
    await add_member(api, at.id, api.admin_id, "staff")
    review = await start(api, organization_id=at.id)
    own = await number_of(api, review, api.admin_id)
    path = f"/access/reviews/{review['id']}/decisions"
    for decision in ("keep", "withdraw"):
        assert await api.refused("POST", path, json={decision: [own], "reason": WHY}) == (403, "ACC_002")


async def test_managers_of_the_start_decide_for_as_long_as_they_are_managers(api: Api) -> None:
    """A person under review cannot choose who decides."""
    at = await company(api)
    review = await start(api, organization_id=at.id)
    clerk = at.subordinates[0]
    number = await number_of(api, review, clerk)
    await report_to(api, at.id, clerk, at.alone)
    body = {"keep": [number], "reason": WHY}
    path = f"/access/reviews/{review['id']}/decisions"
    for manager in (at.manager, at.alone):
        assert await manager.refused("POST", path, json=body) == (404, "RES_001")
    assert (await lines(api, review, unmanaged="true", subject_id=str(clerk.id)))[0]["managers"] == []
    await report_to(api, at.id, clerk, at.manager)
    (decided,) = await decide(at.manager, review, keep=[number])
    assert (decided["outcome"], decided["capacity"]) == ("kept", "manager")


async def test_roles_of_the_platform_are_reviewed_by_managers_of_internal_organizations(api: Api) -> None:
    internal, merchant = await company(api, "internal"), await company(api, "merchant")
    for employee in (internal.subordinates[0], merchant.subordinates[0]):
        await grant(api, employee.id, "staff")
    review = await start(api, roles=["staff"])
    listed = {line["subject_id"]: line for line in await lines(api, review)}
    assert listed.keys() == {str(internal.subordinates[0].id), str(merchant.subordinates[0].id)}
    assert listed[str(internal.subordinates[0].id)]["managers"] == [str(internal.manager.id)]
    assert listed[str(merchant.subordinates[0].id)]["managers"] == []

    number = listed[str(merchant.subordinates[0].id)]["number"]
    path, body = f"/access/reviews/{review['id']}/decisions", {"withdraw": [number], "reason": WHY}
    assert await merchant.manager.refused("POST", path, json=body) == (404, "RES_001")
    before = len(await sent(api.database, SubjectRolesChanged))
    await decide(internal.manager, review, withdraw=[listed[str(internal.subordinates[0].id)]["number"]])
    (changed,) = (await sent(api.database, SubjectRolesChanged))[before:]
    assert (changed.subject_id, list(changed.roles)) == (str(internal.subordinates[0].id), [])
    (kept,) = await decide(api, review, keep=[number])
    assert (kept["outcome"], kept["capacity"]) == ("kept", "administrator")


async def test_what_nobody_confirmed_is_withdrawn_at_the_deadline_once(api: Api, clock: ControlledClock) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    kept = await number_of(api, review, at.subordinates[0])
    await decide(at.manager, review, keep=[kept])

    clock.advance(days=10, seconds=6 * 3600)
    assert await close(api, clock) == 0
    clock.advance(seconds=3600)
    await api.refresher.refresh()
    body = {"keep": [await number_of(api, review, at.subordinates[1])], "reason": WHY}
    assert await at.manager.refused("POST", f"/access/reviews/{review['id']}/decisions", json=body) == (409, "GOV_020")
    assert [await close(api, clock), await close(api, clock)] == [1, 0]

    assert await outcomes(api, review) == {
        str(at.subordinates[0].id): "kept",
        str(at.subordinates[1].id): "unconfirmed",
        str(at.alone.id): "unconfirmed",
        str(at.manager.id): "unconfirmed",
    }
    assert {str(fact.actor.subject_id) for fact in await facts(api, "governance.review_line.expire")} == {"governance"}
    assert len(await facts(api, "governance.role.revoke")) == 3
    assert (await api.data(f"/organizations/{at.id}/members/{at.subordinates[0].id}"))["roles"] == ["staff"]
    assert (await api.data(f"/organizations/{at.id}/members/{at.alone.id}"))["roles"] == []
    assert (await api.data(f"/access/reviews/{review['id']}"))["status"] == "completed"


async def test_a_campaign_ends_when_all_lines_are_decided(api: Api, clock: ControlledClock) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    numbers = [line["number"] for line in await lines(api, review)]
    managed = [line["number"] for line in await lines(at.manager, review)]
    await decide(api, review, keep=numbers[:3])
    await decide(api, review, withdraw=numbers[3:])
    # Not before those who decide were asked, and while a manager may disagree with an administrator.
    assert await close(api, clock) == 0
    await ask(api, clock)
    assert await close(api, clock) == 0
    await decide(at.manager, review, keep=[number for number in managed if number in numbers[:3]])
    assert await close(api, clock) == 1
    found = await api.data(f"/access/reviews/{review['id']}")
    assert (found["status"], found["ended_at"]) == ("completed", "2026-03-21T08:00:00Z")


async def test_the_report_is_signed_and_in_the_audit_log(api: Api, clock: ControlledClock) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    path = f"/access/reviews/{review['id']}/report"
    assert await api.refused("GET", path) == (404, "RES_001")
    await decide(at.manager, review, keep=[await number_of(api, review, at.subordinates[0])])
    clock.advance(days=11)
    await close(api, clock)

    report = await api.data(path)
    statement = report["statement"]
    assert statement["counts"] == {
        "open": 0,
        "kept": 1,
        "withdrawn": 0,
        "unconfirmed": 3,
        "ended": 0,
        "retained": 0,
        "cancelled": 0,
    }
    assert [line["number"] for line in statement["lines"]] == [1, 2, 3, 4]
    assert (statement["title"], statement["organization_id"], statement["started_by"]) == (
        "First quarter",
        at.id,
        str(api.admin_id),
    )
    kept = next(line for line in statement["lines"] if line["outcome"] == "kept")
    assert (kept["subject_id"], kept["decided_by"], kept["capacity"]) == (
        str(at.subordinates[0].id),
        str(at.manager.id),
        "manager",
    )

    # As an auditor verifies it, with only the public key.
    keys = await done(await api.call("GET", "/access/reviews/keys", roles=None))
    key = next(each for each in keys if each["id"] == report["key_id"])
    canonical = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key"]))
    public.verify(base64.b64decode(report["signature"]), b"elcorp-access-review-v1\n" + canonical)
    assert report["sha256"] == hashlib.sha256(canonical).hexdigest()

    (fact,) = await facts(api, "governance.access_review.complete")
    after = json.loads(fact.after)
    assert (after["report_sha256"], after["signature"], after["key_id"]) == (
        report["sha256"],
        report["signature"],
        report["key_id"],
    )
    assert (after["status"], after["counts"]) == ("completed", statement["counts"])
    assert at.id in fact.related_ids


async def test_the_last_administrator_is_retained_and_reported(api: Api, clock: ControlledClock) -> None:
    second, clerk = api.subject(), api.subject()
    await grant(api, second, "admin")
    await grant(api, clerk, "staff")
    review = await start(api)
    clock.advance(days=11)
    assert await close(api, clock) == 1
    found = await outcomes(api, review)
    assert found[str(clerk)] == "unconfirmed"
    assert sorted((found[str(api.admin_id)], found[str(second)])) == ["retained", "unconfirmed"]
    assert await rows(api.database, "SELECT count(*) FROM role_assignments WHERE role = 'admin'") == [(1,)]
    (retained,) = (line for line in await lines(api, review) if line["outcome"] == "retained")
    assert "GOV_002" in retained["reason"]
    (fact,) = await facts(api, "governance.review_line.retain")
    assert retained["subject_id"] in fact.related_ids


async def test_withdrawing_from_the_last_administrator_is_refused(api: Api) -> None:
    internal = await company(api, "internal", role="staff")
    api.subjects.active.add(api.admin_id)
    await add_member(api, internal.id, api.admin_id)
    # By another administrator, who has left.
    async with api.database.under(PLATFORM).session() as session, session.begin():
        await session.execute(_SET_MANAGER, {"manager": internal.manager.id, "subject": api.admin_id})
    review = await start(api, roles=["admin"])
    body = {"withdraw": [1], "reason": WHY}
    assert await internal.manager.refused("POST", f"/access/reviews/{review['id']}/decisions", json=body) == (409, "GOV_002")


async def test_the_last_administrator_of_an_organization_is_retained(api: Api, clock: ControlledClock) -> None:
    organization = (await create_organization(api))["id"]
    chief, deputy, clerk = (person(api) for _ in range(3))
    for member, role in ((chief, "organization-admin"), (deputy, "organization-admin"), (clerk, "staff")):
        await add_member(api, organization, member.id, role)
    review = await start(api, organization_id=organization)
    clock.advance(days=11)
    assert await close(api, clock) == 1
    found = await outcomes(api, review)
    assert found[str(clerk.id)] == "unconfirmed"
    assert sorted((found[str(chief.id)], found[str(deputy.id)])) == ["retained", "unconfirmed"]


async def test_administrators_of_an_organization_run_its_campaigns_and_no_others(api: Api, clock: ControlledClock) -> None:
    at, other = await company(api), await company(api)
    await add_member(api, at.id, (chief := person(api)).id, "organization-admin", "staff")
    await api.refresher.refresh()
    body = {"title": "Ours", "deadline": DEADLINE, "reason": WHY, "organization_id": at.id}
    review = await done(await chief.call("POST", "/access/reviews", json=body))
    for filters in ({}, {"organization_id": at.id}):
        assert [each["id"] for each in (await chief.data("/access/reviews", **filters))["items"]] == [review["id"]]
    unmanaged = await lines(chief, review, unmanaged="true")
    assert {line["subject_id"] for line in unmanaged} == {str(each.id) for each in (at.manager, at.alone, chief)} - {""}
    number = await number_of(api, review, at.alone)
    (decided,) = await decide(chief, review, withdraw=[number])
    assert decided["capacity"] == "administrator"

    elsewhere = await start(api, organization_id=other.id)
    everywhere = await start(api)
    for each in (elsewhere, everywhere):
        assert await chief.refused("GET", f"/access/reviews/{each['id']}") == (404, "RES_001")
        assert await chief.refused("POST", f"/access/reviews/{each['id']}/cancel", json={"reason": WHY}) == (404, "RES_001")
    assert await chief.refused("POST", "/access/reviews", json={**body, "organization_id": other.id}) == (404, "RES_001")
    assert await chief.refused("POST", "/access/reviews", json={**body, "organization_id": None}) == (403, "ACC_001")
    assert await at.manager.refused("POST", "/access/reviews", json=body) == (403, "ACC_001")


async def test_a_campaign_is_started_by_a_person_with_authority_over_everybody_in_it(api: Api) -> None:
    at = await company(api)
    await create_role(api, "auditor", "audit:view", "report:generate")
    await add_member(api, at.id, (auditor := person(api)).id, "auditor")
    await add_member(api, at.id, (chief := person(api)).id, "organization-admin", "staff")
    await api.refresher.refresh()
    body = {"title": "Ours", "deadline": DEADLINE, "reason": WHY, "organization_id": at.id}
    # Also for a role that the chief has: at the deadline, the campaign would withdraw it from people beyond the chief.
    refused = await chief.call("POST", "/access/reviews", json={**body, "roles": ["auditor"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "ACC_003")
    await done(await chief.call("POST", "/access/reviews", json={**body, "roles": ["staff"]}))
    await add_member(api, at.id, (clerk := person(api)).id, "organization-admin")
    assert clerk.id != auditor.id


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"deadline": "2026-03-21T09:00:00Z"}, (422, "VAL_001")),
        ({"deadline": "2027-03-21T09:00:00Z"}, (422, "VAL_001")),
        ({"roles": ["nothing"]}, (422, "VAL_001")),
        ({"roles": ["user"]}, (422, "VAL_001")),
        ({"roles": ["guest"]}, (422, "VAL_001")),
        ({"organization_id": "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"}, (422, "VAL_001")),
        ({"title": "     "}, (422, "VAL_001")),
        ({"title": "\u200b\u200b\u200b"}, (422, "VAL_001")),
        ({"lines": []}, (422, "VAL_001")),
    ],
)
async def test_an_impossible_campaign_is_refused(api: Api, fields: dict[str, object], expected: tuple[int, str]) -> None:
    body = {"title": "First quarter", "deadline": DEADLINE, "reason": "audit plan 2026", **fields}
    assert await api.refused("POST", "/access/reviews", json=body) == expected


async def test_a_cancelled_campaign_leaves_what_is_open(api: Api, clock: ControlledClock) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    await decide(api, review, keep=[1], withdraw=[2])
    cancelled = await done(await api.call("POST", f"/access/reviews/{review['id']}/cancel", json={"reason": "wrong roles"}))
    assert (cancelled["status"], cancelled["end_reason"]) == ("cancelled", "wrong roles")
    assert [line["outcome"] for line in await lines(api, review)] == ["kept", "withdrawn", "cancelled", "cancelled"]
    clock.advance(days=11)
    assert await close(api, clock) == 0
    assert await api.refused("POST", f"/access/reviews/{review['id']}/cancel", json={"reason": WHY}) == (409, "GOV_020")
    assert (await start(api, organization_id=at.id, deadline="2026-04-20T15:00:00Z"))["line_count"] == 3


async def test_those_under_review_do_not_cancel_it(api: Api) -> None:
    """Cancelling keeps what it lists."""
    at = await company(api)
    await add_member(api, at.id, (chief := person(api)).id, "organization-admin")
    await create_role(api, "role-clerk", "role:manage", "organization:read_any")
    await grant(api, (clerk := person(api)).id, "role-clerk")
    await grant(api, (second := person(api)).id, "admin")
    await api.refresher.refresh()
    review = await start(api, organization_id=at.id)
    path, body = f"/access/reviews/{review['id']}/cancel", {"reason": WHY}
    assert await chief.refused("POST", path, json=body) == (403, "ACC_001")
    signed: dict[str, Any] = {"headers": api.forge.headers(clerk.id, roles=("user", "role-clerk")), "roles": None}
    assert await api.refused("POST", path, json=body, **signed) == (403, "ACC_003")

    # Another administrator, who has an open line in a review of administrators, and none in that of the organization.
    signed = {"headers": api.forge.headers(second.id, roles=("user", "admin")), "roles": None}
    administrators = await start(api, roles=["admin"])
    refused = await api.refused("POST", f"/access/reviews/{administrators['id']}/cancel", json=body, **signed)
    assert refused == (403, "ACC_002")
    await done(await api.call("POST", path, json=body, **signed))
    (informed,) = await sent(api.database, NoticeRequested)
    assert (informed.template, informed.person_id) == ("governance.access_review_cancelled", str(api.admin_id))


async def test_campaigns_may_overlap_and_a_person_starts_a_limited_number(api: Api, clock: ControlledClock) -> None:
    await grant(api, api.subject(), "staff")
    reviews = [await start(api, roles=["staff"]) for _ in range(10)]
    body = {"title": "Again", "deadline": DEADLINE, "reason": WHY, "roles": ["staff"]}
    refused = await api.call("POST", "/access/reviews", json=body)
    assert (refused.status_code, refused.json()["code"], refused.json()["details"]) == (409, "GOV_021", {"most": 10})
    await decide(api, reviews[0], keep=[1])
    await decide(api, reviews[1], withdraw=[1])
    clock.advance(days=11)
    assert await close(api, clock) == 10
    found = [set((await outcomes(api, review)).values()) for review in reviews]
    assert found == [{"kept"}, {"withdrawn"}, *[{"ended"}] * 8]
    assert len(await facts(api, "governance.role.revoke")) == 1


async def test_what_a_person_does_not_have_any_more_is_neither_kept_nor_withdrawn(api: Api, clock: ControlledClock) -> None:
    staff = [api.subject() for _ in range(3)]
    for subject in staff:
        await grant(api, subject, "staff")
    review = await start(api, roles=["staff"])
    for subject in staff:
        await api.call("DELETE", f"/role-assignments/{subject}/staff")
    # Granted again: the campaign decides about it too.
    await grant(api, staff[2], "staff")
    (kept,), (withdrawn,) = await decide(api, review, keep=[1]), await decide(api, review, withdraw=[2])
    assert (kept["outcome"], withdrawn["outcome"]) == ("open", "open")
    (again,) = await decide(api, review, keep=[3])
    assert again["outcome"] == "kept"
    # Nothing is left to decide, so the campaign ends.
    await ask(api, clock)
    assert await close(api, clock) == 1
    assert await outcomes(api, review) == dict(zip(map(str, staff), ("ended", "ended", "kept"), strict=True))


async def test_an_administrator_decides_about_people_whom_they_have_authority_over(api: Api) -> None:
    await create_role(api, "role-clerk", "role:manage")
    await grant(api, (clerk := person(api)).id, "role-clerk")
    await grant(api, api.subject(), "staff")
    await api.refresher.refresh()
    review = await start(api, roles=["staff", "admin"])
    signed: dict[str, Any] = {"headers": api.forge.headers(clerk.id, roles=("user", "role-clerk")), "roles": None}
    for number in (1, 2):
        for decision in ("keep", "withdraw"):
            body = {decision: [number], "reason": WHY}
            response = await api.call("POST", f"/access/reviews/{review['id']}/decisions", json=body, **signed)
            assert (response.status_code, response.json()["code"]) == (403, "ACC_003")
            assert response.json()["details"] == {"line": number}


async def test_administrators_of_the_start_decide(api: Api) -> None:
    """By whatever way others have become administrators since: a person under review would choose who decides, or cancels."""
    organization = (await create_organization(api))["id"]
    chief, deputy = person(api), person(api)
    await add_member(api, organization, chief.id, "organization-admin")
    await add_member(api, organization, deputy.id)
    await create_role(api, "clerk")
    await grant(api, (clerk := person(api)).id, "clerk")
    await grant(api, (officer := person(api)).id, "admin")
    await api.refresher.refresh()
    review, platform = await start(api, organization_id=organization), await start(api, roles=["admin"])
    path = f"/organizations/{organization}/members/{deputy.id}/roles"
    await done(await chief.call("PUT", path, json={"roles": ["organization-admin"], "reason": WHY}))
    version = (await api.call("GET", "/roles/clerk")).headers["etag"]
    await done(await api.call("PUT", "/roles/clerk/includes", json={"roles": ["admin"]}, headers={"If-Match": version}))
    await api.refresher.refresh()

    # A manager whom the administrators set since has no say either.
    member = f"/organizations/{organization}/members/{chief.id}"
    body = {"manager_id": str(deputy.id), "ends_at": None}
    await done(await deputy.call("PATCH", member, json=body, headers={"If-Match": '"1"'}))
    response = await deputy.call("POST", f"/access/reviews/{review['id']}/decisions", json={"keep": [1], "reason": WHY})
    assert (response.status_code, response.json()["code"]) == (403, "ACC_002")
    assert response.json()["error"].startswith("You became an administrator after the access review had started.")

    signed: dict[str, Any] = {"headers": api.forge.headers(clerk.id, roles=("user", "clerk")), "roles": None}
    for asked, path in (({"keep": [1], "reason": WHY}, "decisions"), ({"reason": WHY}, "cancel")):
        assert await api.refused("POST", f"/access/reviews/{platform['id']}/{path}", json=asked, **signed) == (403, "ACC_002")
    number = await number_of(api, platform, officer)
    assert (await decide(api, platform, withdraw=[number]))[0]["outcome"] == "withdrawn"


async def test_a_colleague_whose_roles_were_set_again_still_decides(api: Api) -> None:
    organization = (await create_organization(api))["id"]
    first, second = person(api), person(api)
    for member in (first, second):
        await add_member(api, organization, member.id, "organization-admin")
    await api.refresher.refresh()
    review = await start(api, organization_id=organization)
    path = f"/organizations/{organization}/members/{second.id}/roles"
    for roles in ([], ["organization-admin"]):
        await done(await first.call("PUT", path, json={"roles": roles, "reason": WHY}))
    await api.refresher.refresh()
    number = await number_of(api, review, first)
    assert (await decide(second, review, withdraw=[number]))[0]["outcome"] == "withdrawn"


async def test_what_is_kept_stays_with_the_person_who_kept_it_first(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    number = await number_of(api, review, at.subordinates[0])
    await decide(api, review, keep=[number])
    (again,) = await decide(api, review, keep=[number])
    assert again["capacity"] == "administrator"
    # The manager knows better, and an administrator does not replace that.
    (confirmed,) = await decide(at.manager, review, keep=[number])
    (again,) = await decide(api, review, keep=[number])
    assert [(each["capacity"], each["decided_by"]) for each in (confirmed, again)] == [("manager", str(at.manager.id))] * 2
    assert len(await facts(api, "governance.review_line.keep")) == 2
    # What changed nothing was read.
    assert str(at.subordinates[0].id) in (await facts(api, "governance.access_review.read"))[-1].related_ids


async def test_managers_whom_the_organization_has_set_decide_nothing_about_the_platform(api: Api) -> None:
    internal = (await create_organization(api, kind="internal"))["id"]
    chief, employee = person(api), person(api)
    await add_member(api, internal, chief.id, "organization-admin")
    await add_member(api, internal, employee.id)
    await api.refresher.refresh()
    path, body = f"/organizations/{internal}/members/{employee.id}", {"manager_id": str(chief.id), "ends_at": None}
    await done(await chief.call("PATCH", path, json=body, headers={"If-Match": '"1"'}))
    await grant(api, employee.id, "staff")
    review = await start(api, roles=["staff"])
    assert (await lines(api, review))[0]["managers"] == []
    assert await chief.refused("GET", f"/access/reviews/{review['id']}") == (404, "RES_001")
    # The platform sets the manager; from then on, the organization does not change that.
    for version, manager in ((2, None), (3, str(chief.id))):
        body = {"manager_id": manager, "ends_at": None}
        await done(await api.call("PATCH", path, json=body, headers={"If-Match": f'"{version}"'}))
    body = {"manager_id": None, "ends_at": None}
    assert await chief.refused("PATCH", path, json=body, headers={"If-Match": '"4"'}) == (403, "ACC_001")
    assert (await lines(api, review))[0]["managers"] == []
    assert (await lines(api, await start(api, roles=["staff"])))[0]["managers"] == [str(chief.id)]
    # Two people who report to each other decide nothing about each other, if the platform says so.
    other = (await create_organization(api, kind="internal"))["id"]
    await add_member(api, other, employee.id, "organization-admin")
    await add_member(api, other, chief.id)
    await api.refresher.refresh()
    there = f"/organizations/{other}/members/{chief.id}"
    body = {"manager_id": str(employee.id), "ends_at": None}
    await done(await employee.call("PATCH", there, json=body, headers={"If-Match": '"1"'}))
    assert (await lines(api, await start(api, roles=["staff"])))[0]["managers"] == [str(chief.id)]
    await report_to(api, other, chief, None)
    await report_to(api, other, chief, employee)
    assert (await lines(api, await start(api, roles=["staff"])))[0]["managers"] == []


async def test_a_manager_who_decides_for_the_platform_is_forgotten_with_the_manager(api: Api) -> None:
    """Also if the previous release sets another manager, and the first one again."""
    internal = await company(api, "internal")
    (clerk, other) = internal.subordinates
    database = api.database.under(PLATFORM)
    set_alone = text("UPDATE memberships SET manager_id = :manager WHERE subject_id = :subject")
    for manager in (other, internal.manager):
        async with database.session() as session, session.begin():
            await session.execute(set_alone, {"manager": manager.id, "subject": clerk.id})
    query = "SELECT manager_id, platform_manager_id FROM memberships WHERE subject_id = :id"
    assert await rows(database, query, id=clerk.id) == [(internal.manager.id, None)]


async def test_who_has_left_does_not_see_the_campaign_any_more(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    await decide(at.manager, review, keep=[await number_of(api, review, at.subordinates[0])])
    for clerk in at.subordinates:
        await report_to(api, at.id, clerk, None)
    assert (await at.manager.data(f"/access/reviews/{review['id']}"))["id"] == review["id"]
    assert await lines(at.manager, review) == []
    response = await api.call("DELETE", f"/organizations/{at.id}/members/{at.manager.id}", params={"reason": "left"})
    assert response.status_code == 204
    assert await at.manager.refused("GET", f"/access/reviews/{review['id']}") == (404, "RES_001")
    assert (await at.manager.data("/access/reviews"))["items"] == []


async def test_decisions_are_made_all_or_none(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    path = f"/access/reviews/{review['id']}/decisions"
    for body in (
        {"keep": [1], "withdraw": [1], "reason": WHY},
        {"keep": [1, 1], "reason": WHY},
        {"reason": WHY},
        {"keep": [0], "reason": WHY},
        {"keep": list(range(1, 102)), "reason": WHY},
        {"keep": [1]},
    ):
        assert await api.refused("POST", path, json=body) == (422, "VAL_001"), body
    assert await api.refused("POST", path, json={"keep": [1], "withdraw": [99], "reason": WHY}) == (404, "RES_001")


async def test_managers_are_asked_reminded_and_the_starter_is_informed_of_the_end(api: Api, clock: ControlledClock) -> None:
    at = await company(api)
    await add_member(api, at.id, (chief := person(api)).id, "organization-admin")
    review = await start(api, organization_id=at.id)
    assert [await ask(api, clock), await ask(api, clock)] == [1, 0]
    asked = await sent(api.database, NoticeRequested)
    # The chief is not asked about their own roles; managers of roles are.
    assert {(notice.template, notice.person_id or notice.permission, notice.facts["lines"]) for notice in asked} == {
        ("governance.access_review_asked", str(at.manager.id), "2"),
        ("governance.access_review_asked", str(chief.id), "2"),
        ("governance.access_review_asked", "role:manage", "1"),
    }
    assert dict(asked[0].facts) == {
        "review_id": review["id"],
        "title": "First quarter",
        "lines": asked[0].facts["lines"],
        "deadline": "2026-03-31 17:00",
    }

    await decide(at.manager, review, keep=[line["number"] for line in await lines(at.manager, review)])
    clock.advance(days=7)
    assert await ask(api, clock) == 0
    clock.advance(days=1)
    assert [await ask(api, clock), await ask(api, clock)] == [1, 0]
    reminded = (await sent(api.database, NoticeRequested))[3:]
    assert {(notice.template, notice.person_id or notice.permission) for notice in reminded} == {
        ("governance.access_review_reminder", str(chief.id)),
        ("governance.access_review_reminder", "role:manage"),
    }

    clock.advance(days=3)
    await close(api, clock)
    *withdrawn, informed = (await sent(api.database, NoticeRequested))[5:]
    assert {(notice.template, notice.person_id, notice.facts["role"]) for notice in withdrawn} == {
        ("governance.role_withdrawn", str(at.manager.id), "staff"),
        ("governance.role_withdrawn", str(at.alone.id), "staff"),
    }
    assert (informed.template, informed.person_id) == ("governance.access_review_completed", str(api.admin_id))
    counts = {name: informed.facts[name] for name in ("kept", "withdrawn", "retained", "ended")}
    assert counts == {"kept": "2", "withdrawn": "2", "retained": "1", "ended": "0"}


async def test_a_short_campaign_needs_no_reminder(api: Api, clock: ControlledClock) -> None:
    await grant(api, api.subject(), "staff")
    await start(api, roles=["staff"], deadline="2026-03-22T09:00:00Z")
    assert [await ask(api, clock), await ask(api, clock)] == [1, 0]


async def test_managers_of_roles_are_asked_about_people_without_a_manager(api: Api, clock: ControlledClock) -> None:
    await grant(api, api.subject(), "staff")
    await start(api, roles=["staff"])
    await ask(api, clock)
    (asked,) = await sent(api.database, NoticeRequested)
    assert (asked.permission, asked.facts["lines"]) == ("role:manage", "1")


async def test_lines_are_filtered_and_exported_on_record(api: Api) -> None:
    at = await company(api)
    review = await start(api, organization_id=at.id)
    await decide(at.manager, review, keep=[await number_of(api, review, at.subordinates[0])])
    assert [line["subject_id"] for line in await lines(api, review, outcome="kept")] == [str(at.subordinates[0].id)]
    assert len(await lines(api, review, role="staff")) == 4
    assert await lines(api, review, mine="true") == await lines(api, review, role="admin") == []
    assert len((await at.manager.data(f"/access/reviews/{review['id']}/lines", mine="true", limit=1))["items"]) == 1

    path = f"/access/reviews/{review['id']}/lines/export"
    assert await api.refused("GET", path) == (422, "VAL_001")
    response = await api.call("GET", path, params={"reason": "audit 2026"})
    table = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["outcome"] for row in table].count("kept") == 1
    assert {row["subject_id"] for row in table} == {str(each.id) for each in (at.manager, *at.subordinates, at.alone)}
    xlsx = await api.call("GET", path, params={"reason": "audit 2026", "format": "xlsx"})
    assert xlsx.content.startswith(b"PK")
    own = await at.manager.call("GET", path, params={"reason": "audit 2026"})
    assert len(list(csv.DictReader(io.StringIO(own.text)))) == 2
    read = (await facts(api, "governance.access_review.read"))[-1]
    assert read.reason == "audit 2026"
    assert set(read.related_ids) == {review["id"], *(str(clerk.id) for clerk in at.subordinates)}
