"""Role assignments over REST."""

from typing import Any
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import everything, unchanged
from kernel.ids import new_id
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import assigned


async def test_a_grant_is_created_once(api: Api) -> None:
    subject = api.subject()
    body = {"subject_id": str(subject), "role": "staff", "reason": "joined the payments desk"}

    first = await api.call("POST", "/role-assignments", json=body)
    # The second response shows the assignment, so the read is recorded.
    async with unchanged(api.database, but=["outbox"]):
        again = await api.call("POST", "/role-assignments", json=body)

    assert (first.status_code, again.status_code) == (201, 200)
    granted = first.json()["data"]
    assert again.json()["data"] == granted
    assert (granted["subject_id"], granted["role"]) == (str(subject), "staff")
    assert (granted["granted_by"], granted["granted_at"]) == (str(api.admin_id), "2026-03-21T08:00:00Z")


async def test_an_idempotency_key_replays_the_first_answer(api: Api) -> None:
    subject, other = api.subject(), api.subject()
    key = {"Idempotency-Key": "grant-1"}
    body = {"subject_id": str(subject), "role": "staff"}

    first = await api.call("POST", "/role-assignments", json=body, headers=key)
    api.subjects.away = True
    after_first = await everything(api.database)
    replay = await api.call("POST", "/role-assignments", json=body, headers=key)
    assert await everything(api.database) == after_first
    misuse = await api.refused("POST", "/role-assignments", json={**body, "subject_id": str(other)}, headers=key)

    assert (first.status_code, replay.status_code, misuse) == (201, 201, (422, "VAL_002"))
    assert replay.content == first.content
    assert replay.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"subject_id": "me"}, 422, "VAL_001"),
        ({"subject_id": None}, 422, "VAL_001"),
        ({"subject_id": 7}, 422, "VAL_001"),
        ({"role": "emperor"}, 422, "VAL_001"),
        ({"role": "Staff"}, 422, "VAL_001"),
        ({"role": 'staff"'}, 422, "VAL_001"),
        ({"role": None}, 422, "VAL_001"),
        ({"reason": ""}, 422, "VAL_001"),
        ({"reason": "x" * 501}, 422, "VAL_001"),
        ({"reason": "a\0b"}, 422, "VAL_001"),
        ({"until": "2026-12-31"}, 422, "VAL_001"),
        ({"subject_id": "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"}, 404, "RES_001"),
    ],
)
async def test_an_invalid_grant_writes_nothing(api: Api, change: dict[str, object], status: int, code: str) -> None:
    body = {"subject_id": str(api.subject()), "role": "staff", **change}

    assert await api.refused("POST", "/role-assignments", json=body) == (status, code)


async def test_grants_to_oneself_to_suspended_subjects_or_without_identity_are_refused(api: Api) -> None:
    suspended, somebody = new_id(), api.subject()
    api.subjects.suspended.add(suspended)

    api.subjects.active.add(api.admin_id)

    async def grant(subject_id: UUID) -> tuple[int, str]:
        return await api.refused("POST", "/role-assignments", json={"subject_id": str(subject_id), "role": "staff"})

    assert await grant(api.admin_id) == (403, "ACC_002")
    assert await grant(suspended) == (409, "GOV_001")
    api.subjects.away = True
    assert await grant(somebody) == (503, "SRV_002")


async def test_role_managers_cannot_grant_or_revoke_beyond_their_own_permissions(api: Api) -> None:
    """The clerk has only `role:manage` and `user:update`, by the role `guest`."""
    clerk, second = new_id(), api.subject()
    await assigned(api.database, clerk, "guest")
    permissions = ["role:manage", "user:update"]
    await api.call("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers={"If-Match": '"1"'})
    await api.refresher.refresh()
    every = [each["name"] for each in (await api.call("GET", "/permissions")).json()["data"]["items"]]
    api.admin_id, admin_id = clerk, api.admin_id
    tried: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "/roles/guest/permissions", {"json": {"permissions": every}, "headers": {"If-Match": '"2"'}}),
        ("PUT", "/roles/admin/permissions", {"json": {"permissions": permissions}, "headers": {"If-Match": '"4"'}}),
        ("POST", "/role-assignments", {"json": {"subject_id": str(second), "role": "admin"}}),
        ("DELETE", f"/role-assignments/{admin_id}/admin", {}),
    ]
    for method, path, options in tried:
        # The roles in the token do not matter: the tables decide.
        for roles in (("guest",), ("admin",)):
            assert await api.refused(method, path, roles=roles, **options) == (403, "ACC_003")


async def test_assignments_are_listed_and_filtered(api: Api) -> None:
    first, second = api.subject(), api.subject()
    for subject, role in ((first, "staff"), (second, "staff"), (second, "guest")):
        await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": role})

    page = await api.call("GET", "/role-assignments", params={"role": "staff", "per_page": 1, "reason": "audit"})
    one = await api.call("GET", "/role-assignments", params={"subject_id": str(second), "reason": "audit"})

    assert (page.json()["data"]["total"], len(page.json()["data"]["items"])) == (2, 1)
    assert 'rel="next"' in page.headers["link"]
    assert {item["role"] for item in one.json()["data"]["items"]} == {"staff", "guest"}


@pytest.mark.parametrize("query", [{"sort": "role"}, {"page": 0}, {"per_page": 101}, {"subject_id": "x"}, {"role": "A"}])
async def test_unknown_or_invalid_filters_are_refused(api: Api, query: dict[str, object]) -> None:
    assert (await api.call("GET", "/role-assignments", params={"reason": "audit", **query})).status_code == 422


async def test_a_subjects_roles_are_read(api: Api) -> None:
    stranger, subject = new_id(), api.subject()
    await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": "staff"})

    unknown = (await api.call("GET", f"/role-assignments/{stranger}")).json()["data"]
    known = (await api.call("GET", f"/role-assignments/{subject}")).json()["data"]

    assert (unknown["roles"], unknown["assignments"]) == (["user"], [])
    assert known["roles"] == ["staff"]
    assert known["assignments"][0]["granted_by"] == str(api.admin_id)


async def test_a_revocation_can_be_repeated(api: Api) -> None:
    subject = api.subject()
    for role in ("staff", "user"):
        await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": role})

    first = await api.call("DELETE", f"/role-assignments/{subject}/staff", params={"reason": "left the desk"})
    async with unchanged(api.database, but=["outbox"]):
        again = await api.call("DELETE", f"/role-assignments/{subject}/staff")

    assert first.json()["data"] == again.json()["data"] == {"subject_id": str(subject), "roles": ["user"]}
    assert (first.status_code, again.status_code) == (200, 200)


async def test_the_last_administrator_cannot_be_revoked(api: Api) -> None:
    assert await api.refused("DELETE", f"/role-assignments/{api.admin_id}/admin") == (409, "GOV_002")


async def test_an_unknown_role_cannot_be_revoked(api: Api) -> None:
    assert await api.refused("DELETE", f"/role-assignments/{api.subject()}/emperor") == (422, "VAL_001")
    assert await api.refused("DELETE", "/role-assignments/me/staff") == (422, "VAL_001")


async def granted(api: Api, clock: ControlledClock, subject: UUID, role: str, reason: str | None = None) -> dict[str, Any]:
    """Grant a role a minute later, and return the assignment as every response should show it."""
    body = {"subject_id": str(subject), "role": role}
    answer = await api.call("POST", "/role-assignments", json={**body, "reason": reason} if reason else body)
    at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    given = answer.json()["data"]
    limits = {"organization_id": None, "team_id": None, "starts_at": None, "ends_at": None}
    assignment = {**body, **limits, "id": given["id"], "granted_by": str(api.admin_id), "granted_at": at, "reason": reason}
    assert given == assignment
    clock.advance(seconds=60)
    return assignment


async def test_assignment_listing_in_full(api: Api, clock: ControlledClock) -> None:
    first, second = api.subject(), api.subject()
    user = await granted(api, clock, first, "user", "joined the desk")
    staff = await granted(api, clock, second, "staff", "joined the payments desk")
    guest = await granted(api, clock, first, "guest")
    again = await granted(api, clock, second, "user")
    own = (await api.data(f"/role-assignments/{api.admin_id}"))["assignments"]
    lists: list[tuple[dict[str, Any], list[dict[str, Any]], int]] = [
        ({"page": 1, "per_page": 3}, [again, guest, staff], 5),
        ({"page": 2, "per_page": 3}, [user, *own], 5),
        ({"page": 3, "per_page": 3}, [], 5),
        ({"role": "user"}, [again, user], 2),
        ({"subject_id": str(first)}, [guest, user], 2),
        ({"subject_id": str(first), "role": "user"}, [user], 1),
        ({"subject_id": str(first), "role": "staff"}, [], 0),
    ]
    for params, items, total in lists:
        page = {"page": params.get("page", 1), "per_page": params.get("per_page", 20)}
        found = await api.data("/role-assignments", **params, reason="complaint 4711")
        assert found == {"items": items, **page, "total": total}, params


async def test_assignments_of_a_subject_are_listed_by_role(api: Api, clock: ControlledClock) -> None:
    subject = api.subject()
    given = [await granted(api, clock, subject, role, f"as {role}") for role in ("user", "staff", "guest")]
    answer = await api.data(f"/role-assignments/{subject}")
    assert answer == {"subject_id": str(subject), "roles": ["guest", "staff", "user"], "assignments": given[::-1]}
