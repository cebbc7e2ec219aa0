"""The end of access reviews: a thousand lines by time travel, with crashes, several runs at once, and late decisions."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.scope import PLATFORM
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.governance.v1.events_pb2 import SubjectRolesChanged
from elcorp.platform.v1.events_pb2 import NoticeRequested
from governance import wiring
from governance.application.access_reviews import withdrawing
from governance.application.access_reviews.close_access_reviews import CloseAccessReviews
from governance.application.access_reviews.notices import review_asked
from governance.domain.access_review import AccessReview, ReviewLine
from governance.infrastructure.report_signer import Ed25519ReportSigner, signed_bytes
from kernel.actor import Actor
from kernel.ids import new_id
from services.governance.tests.contract.access_api import done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import add_member, create_organization, founded, person
from services.governance.tests.contract.reviews_api import (
    DEADLINE,
    SECRET,
    SERVICE,
    WHY,
    ask,
    close,
    decide,
    lines,
    outcomes,
    start,
)
from services.governance.tests.stored import GUARD, lock_held, rows, sent

_STAFF = text(
    """
    WITH people AS (SELECT unnest(cast(:people AS uuid[])) AS id),
    holders AS (INSERT INTO role_holders (subject_id) SELECT id FROM people)
    INSERT INTO role_assignments (subject_id, role, granted_by, granted_at)
    SELECT id, 'staff', 'test', '2026-01-01T00:00Z' FROM people
    """
)


class Killed(BaseException):
    """The process ends here."""


async def staff(database: Database, people: int) -> list[UUID]:
    """Give people a role before the test begins, without events or audit facts."""
    ids = [new_id() for _ in range(people)]
    async with database.session() as session, session.begin():
        await session.execute(_STAFF, {"people": ids})
    return ids


async def changed(database: Database) -> Counter[str]:
    """Count the events about each person's roles."""
    return Counter(event.subject_id for event in await sent(database, SubjectRolesChanged))


async def facts(database: Database, action: str) -> Counter[str]:
    """Count the facts of an action, by resource."""
    recorded = await sent(database, AuditFactsRecorded)
    return Counter(fact.resource_id for message in recorded for fact in message.facts if fact.action == action)


async def test_a_campaign_of_a_thousand_lines_runs_to_its_end(
    api: Api, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await staff(api.database, 1000)
    review = await start(api, roles=["staff"])
    assert review["line_count"] == 1000
    listed = await lines(api, review)
    kept = [line["number"] for line in listed if line["number"] % 10 == 0]
    await decide(api, review, keep=kept)
    of = {line["number"]: line["subject_id"] for line in listed}

    clock.advance(days=11)
    # The process ends at every 300th revocation, before it is committed; the next run goes on where it was.
    with monkeypatch.context() as patch:
        patch.setattr(withdrawing, "settle_line", killing(every=300))
        for _ in range(2):
            with pytest.raises(Killed):
                await close(api, clock)
        progress = (await api.data(f"/access/reviews/{review['id']}"))["progress"]
        assert 0 < progress["counts"]["unconfirmed"] < 900
    assert [await close(api, clock), await close(api, clock)] == [1, 0]

    confirmed, withdrawn = ({of[number] for number in of if (number % 10 == 0) is is_kept} for is_kept in (True, False))
    assert set(map(str, people)) == confirmed | withdrawn
    assert await changed(api.database) == dict.fromkeys(withdrawn, 1)
    assert await facts(api.database, "governance.role.revoke") == dict.fromkeys(withdrawn, 1)
    expired = {f"{review['id']}/{number}" for number in of if number % 10}
    assert await facts(api.database, "governance.review_line.expire") == dict.fromkeys(expired, 1)
    assert await facts(api.database, "governance.access_review.complete") == {review["id"]: 1}
    left = await rows(api.database, "SELECT subject_id FROM role_assignments WHERE role = 'staff'")
    assert {str(subject) for (subject,) in left} == confirmed
    statement = (await api.data(f"/access/reviews/{review['id']}/report"))["statement"]
    assert (statement["counts"]["kept"], statement["counts"]["unconfirmed"], len(statement["lines"])) == (100, 900, 1000)
    assert {line["subject_id"] for line in statement["lines"] if line["outcome"] == "kept"} == confirmed


def killing(*, every: int) -> Callable[..., None]:
    calls, settle = iter(range(1, 10_000)), withdrawing.settle_line

    def settle_line(tx: Any, line: ReviewLine, *decision: Any) -> None:
        settle(tx, line, *decision)
        if next(calls) % every == 0:
            raise Killed

    return settle_line


async def test_two_runs_at_once_withdraw_each_line_once_and_make_one_report(api: Api, clock: ControlledClock) -> None:
    people = await staff(api.database, 120)
    review = await start(api, roles=["staff"])
    clock.advance(days=11)
    assert sorted(await asyncio.gather(*(close(api, clock) for _ in range(3)))) == [0, 0, 1]
    assert await changed(api.database) == dict.fromkeys(map(str, people), 1)
    assert await facts(api.database, "governance.access_review.complete") == {review["id"]: 1}


async def test_a_run_that_ends_before_the_report_leaves_it_to_the_next(
    api: Api, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await staff(api.database, 3)
    review = await start(api, roles=["staff"])
    clock.advance(days=11)
    with monkeypatch.context() as patch:

        def killed(_signer: object, _statement: bytes) -> None:
            raise Killed

        patch.setattr(Ed25519ReportSigner, "sign", killed)
        with pytest.raises(Killed):
            await close(api, clock)
    found = await api.data(f"/access/reviews/{review['id']}")
    assert (found["status"], found["progress"]["counts"]["open"], found["report_sha256"]) == ("closing", 0, None)
    refused = await api.refused("POST", f"/access/reviews/{review['id']}/decisions", json={"keep": [1], "reason": WHY})
    assert refused == (409, "GOV_020")
    assert await close(api, clock) == 1


async def test_a_decision_that_waits_while_the_campaign_closes_is_refused(
    api: Api, clock: ControlledClock, urls: DatabaseUrls
) -> None:
    (subject,) = await staff(api.database, 1)
    review = await start(api, roles=["staff"])
    clock.advance(days=10)
    await api.refresher.refresh()
    body = {"withdraw": [1], "reason": WHY}
    async with lock_held(urls, GUARD) as waiting:
        decision = asyncio.ensure_future(api.call("POST", f"/access/reviews/{review['id']}/decisions", json=body))
        await waiting(1)
        clock.advance(days=1)
        closing = asyncio.ensure_future(close(api, clock))
        await waiting(2)
    response = await decision
    assert (response.status_code, response.json()["code"]) == (409, "GOV_020")
    assert await closing == 1
    assert await outcomes(api, review) == {str(subject): "unconfirmed"}
    assert await changed(api.database) == {str(subject): 1}


async def test_reports_of_before_a_new_key_are_still_verified(api: Api, clock: ControlledClock) -> None:
    reports = []
    for secret in (SECRET, bytes(32)):
        await grant(api, api.subject(), "staff")
        review = await start(api, roles=["staff"], deadline="2026-04-20T15:00:00Z")
        await ask(api, clock)
        await decide(api, review, withdraw=[1])
        job = wiring.close_access_reviews(
            database=api.database.under(PLATFORM), signer=Ed25519ReportSigner.of(secret), clock=clock
        )
        assert await job(actor=SERVICE) == 1
        reports.append(await api.data(f"/access/reviews/{review['id']}/report"))
    keys = {each["id"]: each["public_key"] for each in await done(await api.call("GET", "/access/reviews/keys", roles=None))}
    assert len({report["key_id"] for report in reports}) == 2
    assert keys.keys() == {report["key_id"] for report in reports}
    for report, secret in zip(reports, (SECRET, bytes(32)), strict=True):
        signer = Ed25519ReportSigner.of(secret)
        canonical = json.dumps(report["statement"], sort_keys=True, separators=(",", ":")).encode()
        assert base64.b64decode(keys[report["key_id"]]) == signer.public_key
        assert signer.sign(canonical).signature == report["signature"]
        assert signed_bytes(canonical).startswith(b"elcorp-access-review-v1\n{")


async def test_people_who_get_a_role_after_the_start_are_not_in_the_campaign(api: Api, clock: ControlledClock) -> None:
    await staff(api.database, 1)
    await start(api, roles=["staff"], deadline=DEADLINE)
    newcomer = api.subject()
    await grant(api, newcomer, "staff")
    clock.advance(days=11)
    await close(api, clock)
    assert (await api.data(f"/role-assignments/{newcomer}"))["roles"] == ["staff"]


async def test_a_campaign_that_fails_stops_no_other(api: Api, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch) -> None:
    await staff(api.database, 1)
    failing, other = await start(api, roles=["staff"]), await start(api, roles=["staff"])
    clock.advance(days=11)
    complete = CloseAccessReviews._complete  # the place where one of them fails

    async def failing_complete(self: CloseAccessReviews, actor: Actor, review_id: UUID) -> bool:
        if str(review_id) == failing["id"]:
            raise ValueError("not this one")
        return await complete(self, actor, review_id)

    with monkeypatch.context() as patch:
        patch.setattr(CloseAccessReviews, "_complete", failing_complete)
        with pytest.raises(ExceptionGroup, match="1 access reviews have failed"):
            await close(api, clock)
    statuses = [(await api.data(f"/access/reviews/{review['id']}"))["status"] for review in (failing, other)]
    assert statuses == ["closing", "completed"]
    assert await close(api, clock) == 1
    counts = [(await api.data(f"/access/reviews/{review['id']}"))["progress"]["counts"] for review in (failing, other)]
    assert [(each["unconfirmed"], each["ended"]) for each in counts] == [(1, 0), (0, 1)]


async def test_a_role_that_is_revoked_and_granted_again_does_not_pass_the_deadline(api: Api, clock: ControlledClock) -> None:
    people = [api.subject() for _ in range(3)]
    for subject in people:
        await grant(api, subject, "staff")
    review = await start(api, roles=["staff"])
    for subject in people:
        await api.call("DELETE", f"/role-assignments/{subject}/staff")
    # Neither kept nor withdrawn by a decision, while the person does not have it.
    assert {line["outcome"] for line in await decide(api, review, keep=[1], withdraw=[2, 3])} == {"open"}
    # Again, with an end, or not at all.
    await grant(api, people[0], "staff")
    await grant(api, people[1], "staff", ends_at="2026-12-31T00:00:00Z")
    clock.advance(days=11)
    await close(api, clock)
    assert await outcomes(api, review) == dict(zip(map(str, people), ("unconfirmed", "unconfirmed", "ended"), strict=True))
    assert await rows(api.database, "SELECT FROM all_assignments WHERE role = 'staff'") == []
    (ended,) = await lines(api, review, outcome="ended")
    assert ended["reason"] == "the person did not have the role any more"


async def test_the_administrator_of_longest_is_retained(api: Api, clock: ControlledClock) -> None:
    for _ in range(3):
        await grant(api, api.subject(), "admin")
        clock.advance(seconds=60)
    review = await start(api, roles=["admin"])
    clock.advance(days=11)
    assert await close(api, clock) == 1
    found = await outcomes(api, review)
    # The fixture's administrator has had the role since January.
    assert found.pop(str(api.admin_id)) == "retained"
    assert set(found.values()) == {"unconfirmed"}


async def test_nobody_has_to_manage_a_closed_organization(api: Api, clock: ControlledClock) -> None:
    organization = (await create_organization(api))["id"]
    await add_member(api, organization, (chief := person(api)).id, "organization-admin")
    review = await start(api, organization_id=organization)
    await done(await api.call("POST", f"/organizations/{organization}/close", json={"reason": "ended"}))
    clock.advance(days=11)
    assert await close(api, clock) == 1
    assert await outcomes(api, review) == {str(chief.id): "unconfirmed"}


async def test_a_role_that_another_line_keeps_is_not_withdrawn_with_this_one(api: Api, clock: ControlledClock) -> None:
    person_id = api.subject()
    await grant(api, person_id, "staff")
    await grant(api, person_id, "staff", ends_at="2026-12-31T00:00:00Z")
    review = await start(api, roles=["staff"])
    lasting = next(line["number"] for line in await lines(api, review) if line["ends_at"] is None)
    await decide(api, review, keep=[lasting])
    await api.call("DELETE", f"/role-assignments/{person_id}/staff")
    await grant(api, person_id, "staff")
    clock.advance(days=11)
    await close(api, clock)
    assert sorted(line["outcome"] for line in await lines(api, review)) == ["ended", "kept"]
    assert (await api.data(f"/role-assignments/{person_id}"))["roles"] == ["staff"]


async def test_what_an_organization_grants_again_for_a_team_does_not_pass_the_deadline(api: Api, clock: ControlledClock) -> None:
    organization, team = await founded(api)
    await add_member(api, organization, (clerk := person(api)).id, "staff")
    review = await start(api, organization_id=organization)
    path = f"/organizations/{organization}/members/{clerk.id}/roles"
    await done(await api.call("PUT", path, json={"roles": [], "reason": WHY}))
    await grant(api, clerk.id, "staff", organization_id=organization, team_id=team)
    clock.advance(days=11)
    await close(api, clock)
    assert await outcomes(api, review) == {str(clerk.id): "unconfirmed"}
    assert await rows(api.database, "SELECT FROM limited_assignments WHERE role = 'staff'") == []


async def test_roles_whose_end_has_come_are_not_listed(api: Api, clock: ControlledClock) -> None:
    await grant(api, api.subject(), "staff", ends_at="2026-03-22T00:00:00Z")
    await grant(api, (lasting := api.subject()), "staff")
    clock.advance(days=1)
    await api.refresher.refresh()
    review = await start(api, roles=["staff"])
    assert [line["subject_id"] for line in await lines(api, review)] == [str(lasting)]


async def test_a_notice_that_fails_stops_no_other_campaign(
    api: Api, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await staff(api.database, 1)
    failing, other = await start(api, roles=["staff"]), await start(api, roles=["staff"])

    def failing_notice(review: AccessReview, *about: Any, **options: Any) -> Any:
        if str(review.id) == failing["id"]:
            raise ValueError("not this one")
        return review_asked(review, *about, **options)

    with monkeypatch.context() as patch:
        patch.setattr("governance.application.access_reviews.ask_reviewers.review_asked", failing_notice)
        with pytest.raises(ExceptionGroup, match="1 access reviews have failed"):
            await ask(api, clock)
    assert [notice.facts["review_id"] for notice in await sent(api.database, NoticeRequested)] == [other["id"]]
    assert await ask(api, clock) == 1
