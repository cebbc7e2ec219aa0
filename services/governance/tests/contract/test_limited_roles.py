"""Roles for one organization or for a time: granted over REST, told by event and feed, ended by the job."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest

from chassis.rpc import connect
from chassis.settings import ServiceSettings
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.governance.v1.events_pb2 import LimitedRolesChanged
from governance import wiring
from governance.interfaces.grpc import rpc_services
from kernel.actor import Actor
from kernel.ids import new_id
from services.governance.tests.contract.access_api import create_role, done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.rpc import serve_rpc
from services.governance.tests.stored import organized, published, rows, sent

END = "2026-06-30T22:00:00Z"
SERVICE = Actor.service("governance")


class PaymentsSettings(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


async def end_roles(api: Api, clock: ControlledClock) -> int:
    return await wiring.end_limited_roles(database=api.database, clock=clock)(actor=SERVICE)


async def limited(api: Api, subject: UUID) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.data(f"/role-assignments/{subject}"))["assignments"]
    return found


async def test_a_role_within_limits_is_in_no_token_and_told_with_all_others(api: Api) -> None:
    subject, organization = api.subject(), await organized(api.database)
    await grant(api, subject, "user")
    scoped = await grant(api, subject, "staff", organization_id=organization)
    dated = await grant(api, subject, "staff", starts_at="2026-04-01T00:00:00Z", ends_at=END)

    shown = await api.data(f"/role-assignments/{subject}")
    assert shown["roles"] == ["user"]
    assert [each["id"] for each in shown["assignments"] if each["role"] == "staff"] == [scoped["id"], dated["id"]]
    assert (scoped["organization_id"], scoped["starts_at"], scoped["ends_at"]) == (str(organization), None, None)
    assert (dated["organization_id"], dated["starts_at"], dated["ends_at"]) == (None, "2026-04-01T00:00:00Z", END)
    effective = await api.governance.role_assignments.get_effective_roles(subject_id=subject)
    assert effective.roles == ("user",)

    first, last = await sent(api.database, LimitedRolesChanged)
    assert [(role.role, role.organization_id) for role in first.roles] == [("staff", str(organization))]
    assert [(role.role, role.HasField("ends_at")) for role in last.roles] == [("staff", False), ("staff", True)]
    assert last.roles[1].ends_at.ToDatetime(UTC) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert (first.version, last.version) == (1, 2)


async def test_an_unregistered_subject_keeps_the_default_role_beside_limited_ones(api: Api) -> None:
    subject = api.subject()
    await grant(api, subject, "staff", ends_at=END)
    assert (await api.data(f"/role-assignments/{subject}"))["roles"] == ["user"]


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"ends_at": "2026-03-21T08:00:00Z"}, "ends_at"),
        ({"starts_at": END, "ends_at": "2026-05-01T00:00:00Z"}, "ends_at"),
        ({"starts_at": END, "ends_at": END}, "ends_at"),
        ({"ends_at": "2026-06-30T22:00:00"}, "ends_at"),
        ({"organization_id": "everywhere"}, "organization_id"),
        ({"team": "7"}, "team"),
    ],
)
async def test_impossible_limits_are_refused_with_the_place(api: Api, limits: dict[str, str], field: str) -> None:
    response = await api.call("POST", "/role-assignments", json={"subject_id": str(api.subject()), "role": "staff", **limits})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])
    assert await rows(api.database, "SELECT FROM limited_holders") == []


async def test_granting_the_same_again_changes_nothing(api: Api) -> None:
    subject, organization = api.subject(), await organized(api.database)
    first = await grant(api, subject, "staff", organization_id=organization, ends_at=END)
    body = {"subject_id": str(subject), "role": "staff", "organization_id": str(organization), "ends_at": END}
    again = await api.call("POST", "/role-assignments", json=body)
    assert (again.status_code, again.json()["data"]) == (200, first)
    assert len(await sent(api.database, LimitedRolesChanged)) == 1


async def test_assignments_are_found_by_their_organization(api: Api) -> None:
    subject, organization = api.subject(), await organized(api.database)
    await grant(api, subject, "staff")
    scoped = await grant(api, subject, "staff", organization_id=organization)
    found = await api.data("/role-assignments", organization_id=str(organization), reason="complaint 4711")
    assert found["items"] == [scoped]


async def test_one_assignment_is_revoked_or_all_of_a_role(api: Api) -> None:
    subject = api.subject()
    everywhere = await grant(api, subject, "staff")
    first, second = [await grant(api, subject, "staff", organization_id=await organized(api.database)) for _ in range(2)]
    path = f"/role-assignments/{subject}/staff"
    await done(await api.call("DELETE", path, params={"assignment_id": first["id"]}))
    assert {each["id"] for each in await limited(api, subject)} == {everywhere["id"], second["id"]}
    await done(await api.call("DELETE", path, params={"assignment_id": str(new_id())}))
    assert len(await limited(api, subject)) == 2
    await done(await api.call("DELETE", path))
    assert await limited(api, subject) == []
    assert [len(event.roles) for event in await sent(api.database, LimitedRolesChanged)] == [1, 2, 1, 0]


async def test_the_job_removes_ended_roles_once_with_a_fact_and_an_event(api: Api, clock: ControlledClock) -> None:
    subject, other = api.subject(), api.subject()
    await grant(api, subject, "staff", ends_at=END)
    lasting = await grant(api, subject, "staff", organization_id=await organized(api.database))
    await grant(api, other, "user", ends_at="2026-12-31T00:00:00Z")
    before = len(await published(api.database))
    assert await end_roles(api, clock) == 0
    clock.advance(days=120)
    assert [await end_roles(api, clock) for _ in range(2)] == [1, 0]

    await api.refresher.refresh()
    assert await limited(api, subject) == [lasting]
    event, facts = [message for _, message in await published(api.database, but_first=before)][:2]
    assert isinstance(event, LimitedRolesChanged)
    assert isinstance(facts, AuditFactsRecorded)
    assert (event.subject_id, event.version, len(event.roles)) == (str(subject), 3, 1)
    (fact,) = facts.facts
    assert (fact.action, fact.resource_id, fact.reason) == ("governance.role.expire", str(subject), "its end has come")
    assert list(fact.related_ids) == [str(subject), "role:staff"]


async def test_many_ended_roles_are_removed_in_batches(api: Api, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("governance.application.role_assignments.end_limited_roles.BATCH", 2)
    for _ in range(5):
        await grant(api, api.subject(), "staff", ends_at=END)
    clock.advance(days=120)
    assert await end_roles(api, clock) == 5
    assert await rows(api.database, "SELECT FROM limited_assignments") == []


async def test_a_user_has_a_most_number_of_limited_roles(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("governance.domain.limited_role.ASSIGNMENTS_MAX", 2)
    subject = api.subject()
    for _ in range(2):
        await grant(api, subject, "staff", organization_id=await organized(api.database))
    body = {"subject_id": str(subject), "role": "staff", "organization_id": str(await organized(api.database))}
    assert await api.refused("POST", "/role-assignments", json=body) == (409, "GOV_006")


async def test_the_feed_has_every_subject_and_then_only_changes(api: Api) -> None:
    first, second = api.subject(), api.subject()
    organization = await organized(api.database)
    await grant(api, first, "staff", organization_id=organization, starts_at="2026-04-01T00:00:00.25Z")
    await grant(api, second, "user", ends_at=END)
    async with (
        serve_rpc(rpc_services(api.governance)) as target,
        connect(PaymentsSettings(governance_target=target), "governance") as channel,
    ):
        stub: governance_pb2_grpc.PolicyServiceAsyncStub = governance_pb2_grpc.PolicyServiceStub(channel)
        page = await stub.ListLimitedRoles(governance_pb2.ListLimitedRolesRequest(limit=5000))
        found = {each.subject_id: each for each in page.subjects}
        (role,) = found[str(first)].roles
        assert (role.role, role.organization_id, role.starts_at.nanos) == ("staff", str(organization), 250_000_000)
        assert [each.role for each in found[str(second)].roles] == ["user"]
        assert page.position.is_last
        await done(await api.call("DELETE", f"/role-assignments/{first}/staff"))
        request = governance_pb2.ListLimitedRolesRequest(cursor=page.position.cursor, limit=5000)
        changed = await stub.ListLimitedRoles(request)
        assert [(each.subject_id, list(each.roles), each.version) for each in changed.subjects] == [(str(first), [], 2)]


async def test_a_dated_role_opens_this_service_until_it_ends(api: Api, clock: ControlledClock) -> None:
    """Governance itself decides by its own copy, also before the job has removed the role."""
    subject = api.subject()
    await grant(api, subject, "admin", starts_at="2026-03-21T09:00:00Z", ends_at="2026-03-21T10:00:00Z")
    statuses = []
    for _ in range(3):
        await api.refresher.refresh()
        headers = api.forge.headers(subject, roles=("user",))
        statuses.append((await api.call("GET", "/roles", roles=None, headers=headers)).status_code)
        clock.advance(seconds=3600)
    assert statuses == [403, 200, 403]


async def test_a_role_for_one_organization_opens_no_operation_of_the_platform(api: Api) -> None:
    subject, organization = api.subject(), await organized(api.database)
    await grant(api, subject, "admin", organization_id=organization)
    await api.refresher.refresh()
    for acts_for in (None, organization):
        claims = {"org": str(acts_for)} if acts_for else {}
        headers = api.forge.headers(subject, roles=("user",), claims=claims)
        for path in ("/roles", f"/role-assignments/{subject}", "/policies"):
            assert await api.refused("GET", path, roles=None, headers=headers) == (403, "ACC_001")


@pytest.mark.parametrize("ends_at", ["9999-12-31T23:59:59.999999Z", "2076-03-30T00:00:00Z"])
async def test_an_end_that_stands_for_never_is_refused(api: Api, ends_at: str) -> None:
    body = {"subject_id": str(api.subject()), "role": "staff", "ends_at": ends_at}
    response = await api.call("POST", "/role-assignments", json=body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "ends_at")


async def test_a_far_end_is_copied_to_the_microsecond(api: Api) -> None:
    subject, end = api.subject(), "2076-02-01T23:59:59.999999Z"
    assert (await grant(api, subject, "staff", ends_at=end))["ends_at"] == end
    (row,) = (await api.governance.role_assignments.list_limited_roles(cursor="", limit=10)).rows
    assert row.roles[0][1].ends_at == datetime(2076, 2, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    assert await api.refresher.refresh()


async def test_who_manages_roles_for_a_time_gives_nothing_that_lasts_longer(api: Api, clock: ControlledClock) -> None:
    """Otherwise the time would never end."""
    deputy, other = api.subject(), api.subject()
    await create_role(api, "desk", "user:read")
    await grant(api, deputy, "desk")
    await grant(api, deputy, "admin", ends_at=END)
    await api.refresher.refresh()
    headers = {**api.forge.headers(deputy, roles=("desk",)), "If-Match": '"1"'}
    body = {"subject_id": str(other), "role": "staff"}
    for method, path, asked in (
        ("PUT", "/roles/desk/permissions", {"permissions": ["user:read", "role:manage"]}),
        ("PUT", "/roles/desk/includes", {"roles": ["admin"]}),
        ("POST", "/roles", {"name": "mine", "title": "Mine", "includes": ["admin"]}),
        ("POST", "/role-assignments", body),
        ("POST", "/role-assignments", {**body, "ends_at": "2026-06-30T22:00:01Z"}),
    ):
        assert await api.refused(method, path, roles=None, headers=headers, json=asked) == (403, "ACC_003"), asked
    answer = await api.call("POST", "/role-assignments", roles=None, headers=headers, json={**body, "ends_at": END})
    assert answer.status_code == 201, answer.text
