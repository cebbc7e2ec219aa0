"""The REST API: what it takes, gives and refuses."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from chassis.rest.route import Route
from chassis.testing.databases import DatabaseUrls
from chassis.testing.stored import everything, unchanged
from governance.interfaces.rest import ROUTERS
from kernel.ids import new_id
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import assigned, lock_held, published

ROUTES = [
    ("GET", "/roles"),
    ("GET", "/roles/staff"),
    ("PUT", "/roles/staff/permissions"),
    ("GET", "/permissions"),
    ("GET", "/role-assignments"),
    ("GET", "/role-assignments/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"),
    ("POST", "/role-assignments"),
    ("DELETE", "/role-assignments/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10/staff"),
    ("GET", "/policies"),
    ("GET", "/policies/current"),
    ("GET", "/policies/approval-rules"),
    ("GET", "/policies/approval-rules/large-payments"),
    ("PUT", "/policies/approval-rules/large-payments"),
    ("DELETE", "/policies/approval-rules/large-payments?reason=test"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("roles", [(), ("guest",), ("user",), ("user", "staff")])
async def test_only_administrators_come_in(api: Api, method: str, path: str, roles: tuple[str, ...]) -> None:
    response = await api.call(method, path, roles=roles)

    assert (response.status_code, response.json()["code"]) == (403, "ACC_001")


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_comes_in_without_a_token(api: Api, method: str, path: str) -> None:
    assert await api.refused(method, path, roles=None) == (401, "AUTH_004")


@pytest.mark.parametrize("roles", [None, (), ("user", "staff")])
async def test_who_may_not_changes_nothing_though_all_else_is_right(api: Api, roles: tuple[str, ...] | None) -> None:
    subject, other = api.subject(), api.subject()
    await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": "staff"})
    rule = {"currency": "NAD", "threshold": "1.00", "reason": "resolution 12"}
    await api.call("PUT", "/policies/approval-rules/standing", json=rule)
    writes: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "/roles/guest/permissions", {"json": {"permissions": ["role:manage"]}, "headers": {"If-Match": '"1"'}}),
        ("POST", "/role-assignments", {"json": {"subject_id": str(other), "role": "admin"}}),
        ("DELETE", f"/role-assignments/{subject}/staff", {}),
        ("PUT", "/policies/approval-rules/new", {"json": rule}),
        ("PUT", "/policies/approval-rules/standing", {"json": {**rule, "threshold": "2.00"}, "headers": {"If-Match": '"1"'}}),
        ("DELETE", "/policies/approval-rules/standing", {"params": {"reason": "closed"}}),
    ]
    expected = (401, "AUTH_004") if roles is None else (403, "ACC_001")
    for method, path, options in writes:
        assert await api.refused(method, path, roles=roles, **options) == expected
        # It is the caller alone that was wrong.
        assert (await api.call(method, path, **options)).status_code < 300


async def test_roles_are_listed_with_their_permissions(api: Api) -> None:
    items = (await api.call("GET", "/roles")).json()["data"]["items"]

    assert [role["name"] for role in items] == ["admin", "guest", "staff", "user"]
    own = {"audit:view", "payment:approve", "payment:create", "user:read"}
    assert set(items[2]["permissions"]) == {*own, "transfer:read_any", "user:read_any", "wallet:read_any"}
    assert [role["name"] for role in items if role["is_default"]] == ["user"]


async def test_a_role_has_an_etag(api: Api) -> None:
    response = await api.call("GET", "/roles/staff")

    assert response.headers["etag"] == '"2"'
    assert response.json()["data"]["version"] == 2
    missing = await api.call("GET", "/roles/emperor")
    assert (missing.status_code, missing.json()["code"]) == (404, "RES_001")


async def test_permissions_are_listed(api: Api) -> None:
    items = (await api.call("GET", "/permissions")).json()["data"]["items"]

    assert len(items) == 19
    assert {"name": "treasury:issue", "description": "Issue money against the treasury"} in items


async def test_setting_permissions_changes_what_holds(api: Api) -> None:
    response = await api.call(
        "PUT", "/roles/guest/permissions", json={"permissions": ["role:manage"]}, headers={"If-Match": '"1"'}
    )

    assert response.status_code == 200
    assert response.headers["etag"] == '"2"'
    assert response.json()["data"]["permissions"] == ["role:manage"]
    assert (await api.call("GET", "/roles", roles=("guest",))).status_code == 403
    await api.refresher.refresh()
    assert (await api.call("GET", "/roles", roles=("guest",))).status_code == 200


@pytest.mark.parametrize(
    ("role", "etag", "permissions", "status", "code"),
    [
        ("guest", None, ["user:read"], 428, "RES_006"),
        ("guest", "*", ["user:read"], 428, "RES_006"),
        ("guest", "seven", ["user:read"], 422, "VAL_001"),
        ("guest", '"7"', ["user:read"], 412, "RES_003"),
        ("guest", '"1"', ["vault:open"], 422, "VAL_001"),
        ("guest", '"1"', ["no permission at all"], 422, "VAL_001"),
        ("guest", '"1"', "user:read", 422, "VAL_001"),
        ("guest", '"1"', None, 422, "VAL_001"),
        ("guest", '"1"', [7], 422, "VAL_001"),
        ("guest", '"1"', ["user:read"] * 201, 422, "VAL_001"),
        ("emperor", '"1"', ["user:read"], 404, "RES_001"),
        ("Emperor!", '"1"', ["user:read"], 422, "VAL_001"),
        ("admin", '"2"', ["user:read"], 409, "GOV_003"),
    ],
)
async def test_bad_permissions_change_nothing(
    api: Api, role: str, etag: str | None, permissions: object, status: int, code: str
) -> None:
    headers = {"If-Match": etag} if etag else None
    answer = await api.refused("PUT", f"/roles/{role}/permissions", json={"permissions": permissions}, headers=headers)

    assert answer == (status, code)


async def test_of_two_who_replace_the_same_permissions_the_overtaken_changes_nothing(api: Api, urls: DatabaseUrls) -> None:
    """Both versions were right when they were sent; the lock of publishers decides who comes first."""
    before = len(await published(api.database))
    wanted: list[list[str]] = [["user:read"], ["audit:view"]]
    async with lock_held(urls) as until_held_up:
        calls = [
            asyncio.ensure_future(
                api.call("PUT", "/roles/guest/permissions", json={"permissions": each}, headers={"If-Match": '"1"'})
            )
            for each in wanted
        ]
        await until_held_up(2)
    answers = [await call for call in calls]

    [first] = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    overtaken = answers[1 - first]
    assert (overtaken.status_code, overtaken.json()["code"], "etag" in overtaken.headers) == (412, "RES_003", False)
    role = (await api.call("GET", "/roles/guest")).json()["data"]
    assert (role["version"], role["permissions"]) == (2, wanted[first])
    assert [type(message).__name__ for _, message in await published(api.database, but_first=before)] == [
        "PolicyBundlePublished",
        "AuditFactsRecorded",
    ]


async def test_the_version_that_was_replaced_replaces_nothing(api: Api) -> None:
    headers = {"If-Match": '"1"'}
    await api.call("PUT", "/roles/guest/permissions", json={"permissions": ["user:read"]}, headers=headers)

    for permissions in (["audit:view"], ["user:read"], []):
        answer = await api.refused("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers=headers)
        assert answer == (412, "RES_003")


async def test_a_grant_is_created_once(api: Api) -> None:
    subject = api.subject()
    body = {"subject_id": str(subject), "role": "staff", "reason": "joined the payments desk"}

    first = await api.call("POST", "/role-assignments", json=body)
    # What the second answer shows is on record as read.
    async with unchanged(api.database, but=["outbox"]):
        again = await api.call("POST", "/role-assignments", json=body)

    assert (first.status_code, again.status_code) == (201, 200)
    granted = first.json()["data"]
    assert again.json()["data"] == granted
    assert (granted["subject_id"], granted["role"]) == (str(subject), "staff")
    assert (granted["granted_by"], granted["granted_at"]) == (str(api.admin_id), "2026-03-21T08:00:00Z")


def test_answers_of_all_writes_are_kept_for_repeats() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    writes = {route.operation_id for route in routes if route.methods != {"GET"}}
    assert writes == {"grant_role", "revoke_role", "set_role_permissions", "set_approval_rule", "withdraw_approval_rule"}
    assert {route.operation_id for route in routes if route.idempotency is True} == writes


async def test_a_key_replays_the_first_answer(api: Api) -> None:
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
async def test_a_bad_grant_writes_nothing(api: Api, change: dict[str, object], status: int, code: str) -> None:
    body = {"subject_id": str(api.subject()), "role": "staff", **change}

    assert await api.refused("POST", "/role-assignments", json=body) == (status, code)


async def test_no_grant_to_oneself_to_the_suspended_or_without_identity(api: Api) -> None:
    suspended, somebody = new_id(), api.subject()
    api.subjects.suspended.add(suspended)

    api.subjects.active.add(api.admin_id)

    async def grant(subject_id: UUID) -> tuple[int, str]:
        return await api.refused("POST", "/role-assignments", json={"subject_id": str(subject_id), "role": "staff"})

    assert await grant(api.admin_id) == (403, "ACC_002")
    assert await grant(suspended) == (409, "GOV_001")
    api.subjects.away = True
    assert await grant(somebody) == (503, "SRV_002")


async def test_nobody_gives_or_takes_what_they_may_not_themselves(api: Api) -> None:
    """A clerk who may only `role:manage` and `user:update`, by the role `guest`."""
    clerk, second = new_id(), api.subject()
    await assigned(api.database, clerk, "guest")
    permissions = ["role:manage", "user:update"]
    await api.call("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers={"If-Match": '"1"'})
    await api.refresher.refresh()
    every = [each["name"] for each in (await api.call("GET", "/permissions")).json()["data"]["items"]]
    api.admin_id, admin_id = clerk, api.admin_id
    tried: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "/roles/guest/permissions", {"json": {"permissions": every}, "headers": {"If-Match": '"2"'}}),
        ("PUT", "/roles/admin/permissions", {"json": {"permissions": permissions}, "headers": {"If-Match": '"2"'}}),
        ("POST", "/role-assignments", {"json": {"subject_id": str(second), "role": "admin"}}),
        ("DELETE", f"/role-assignments/{admin_id}/admin", {}),
    ]
    for method, path, options in tried:
        # The token may say what it likes: the tables decide.
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
async def test_unknown_or_bad_filters_are_refused(api: Api, query: dict[str, object]) -> None:
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


async def test_bundles_are_listed_newest_first(api: Api) -> None:
    for version, permissions in ((1, ["user:read"]), (2, [])):
        await api.call("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers={"If-Match": f'"{version}"'})

    page = (await api.call("GET", "/policies", params={"per_page": 2})).json()["data"]

    assert (page["total"], [item["version"] for item in page["items"]]) == (3, [3, 2])
    assert page["items"][0]["published_by"] == str(api.admin_id)
    assert UUID(page["items"][0]["id"])


async def test_the_policies_in_force_are_read(api: Api) -> None:
    response = await api.call("GET", "/policies/current")

    data = response.json()["data"]
    assert response.headers["etag"] == '"1"'
    assert (data["version"], data["published_by"]) == (1, "governance")
    assert '@id("role:staff")' in data["policies"]
    assert "payment:approve" in data["cedar_schema"]


async def test_every_operation_is_described(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert sorted(operation["operationId"] for operation in operations) == [
        "get_approval_rule",
        "get_current_policies",
        "get_role",
        "get_subject_roles",
        "grant_role",
        "list_approval_rules",
        "list_permissions",
        "list_policy_bundles",
        "list_role_assignments",
        "list_roles",
        "revoke_role",
        "set_approval_rule",
        "set_role_permissions",
        "withdraw_approval_rule",
    ]
    assert all(operation["description"] for operation in operations)
