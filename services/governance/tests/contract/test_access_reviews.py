"""Access reviews over REST: what a campaign lists, what a decision does, how it ends, and its notices."""

import base64
import csv
import hashlib
import io
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis.testing.clocks import ControlledClock
from elcorp.governance.v1.events_pb2 import LimitedRolesChanged
from elcorp.platform.v1.events_pb2 import NoticeRequested
from services.governance.tests.contract.access_api import done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import add_member, create_organization, person
from services.governance.tests.contract.reviews_api import (
    DEADLINE,
    WHY,
    ask,
    close,
    company,
    decide,
    facts,
    lines,
    number_of,
    outcomes,
    start,
)
from services.governance.tests.stored import rows, sent


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


async def test_only_those_who_can_decide_are_asked(api: Api, clock: ControlledClock) -> None:
    """Not an administrator of later."""
    at = await company(api)
    await start(api, organization_id=at.id)
    path = f"/organizations/{at.id}/members/{at.alone.id}/roles"
    await done(await api.call("PUT", path, json={"roles": ["staff", "organization-admin"], "reason": WHY}))
    await ask(api, clock)
    asked = {
        (notice.person_id or notice.permission, notice.facts["lines"]) for notice in await sent(api.database, NoticeRequested)
    }
    assert asked == {(str(at.manager.id), "2"), ("role:manage", "2")}


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
