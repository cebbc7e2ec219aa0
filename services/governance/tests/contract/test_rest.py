"""The REST API: what it takes, gives and refuses."""

from uuid import UUID

import pytest

from kernel.ids import new_id
from services.governance.tests.contract.api import Api

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
    response = await api.client.request(method, f"/api/v1{path}")

    assert (response.status_code, response.json()["code"]) == (401, "AUTH_004")


async def test_roles_are_listed_with_their_permissions(api: Api) -> None:
    items = (await api.call("GET", "/roles")).json()["data"]["items"]

    assert [role["name"] for role in items] == ["admin", "guest", "staff", "user"]
    assert items[2]["permissions"] == ["audit:view", "payment:approve", "payment:create", "user:read"]
    assert [role["name"] for role in items if role["is_default"]] == ["user"]


async def test_a_role_has_an_etag(api: Api) -> None:
    response = await api.call("GET", "/roles/staff")

    assert response.headers["etag"] == '"1"'
    assert response.json()["data"]["version"] == 1
    missing = await api.call("GET", "/roles/emperor")
    assert (missing.status_code, missing.json()["code"]) == (404, "RES_001")


async def test_permissions_are_listed(api: Api) -> None:
    items = (await api.call("GET", "/permissions")).json()["data"]["items"]

    assert len(items) == 13
    assert {"name": "treasury:issue", "description": "Issue money against the treasury"} in items


async def test_setting_permissions_changes_what_holds(api: Api) -> None:
    response = await api.call(
        "PUT", "/roles/guest/permissions", json={"permissions": ["role:manage"]}, headers={"If-Match": '"1"'}
    )

    assert response.status_code == 200
    assert response.headers["etag"] == '"2"'
    assert response.json()["data"]["permissions"] == ["role:manage"]
    assert (await api.call("GET", "/roles", roles=("guest",))).status_code == 403
    await api.keeper.refresh()
    assert (await api.call("GET", "/roles", roles=("guest",))).status_code == 200


@pytest.mark.parametrize(
    ("role", "etag", "permissions", "status", "code"),
    [
        ("guest", None, ["user:read"], 422, "VAL_001"),
        ("guest", "*", ["user:read"], 422, "VAL_001"),
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
        ("admin", '"1"', ["user:read"], 409, "GOV_003"),
    ],
)
async def test_bad_permissions_change_nothing(
    api: Api, role: str, etag: str | None, permissions: object, status: int, code: str
) -> None:
    response = await api.call(
        "PUT",
        f"/roles/{role}/permissions",
        json={"permissions": permissions},
        headers={"If-Match": etag} if etag else None,
    )

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert await api.governance.queries.current_version() == 1


async def test_a_grant_is_created_once(api: Api) -> None:
    subject = api.subject()
    body = {"subject_id": str(subject), "role": "staff", "reason": "joined the payments desk"}

    first = await api.call("POST", "/role-assignments", json=body)
    again = await api.call("POST", "/role-assignments", json=body)

    assert (first.status_code, again.status_code) == (201, 200)
    granted = first.json()["data"]
    assert again.json()["data"] == granted
    assert (granted["subject_id"], granted["role"]) == (str(subject), "staff")
    assert (granted["granted_by"], granted["granted_at"]) == (str(api.admin_id), "2026-03-21T08:00:00Z")


async def test_a_key_replays_the_first_answer(api: Api) -> None:
    subject, other = api.subject(), api.subject()
    key = {"Idempotency-Key": "grant-1"}
    body = {"subject_id": str(subject), "role": "staff"}

    first = await api.call("POST", "/role-assignments", json=body, headers=key)
    api.subjects.away = True
    replay = await api.call("POST", "/role-assignments", json=body, headers=key)
    misuse = await api.call("POST", "/role-assignments", json={**body, "subject_id": str(other)}, headers=key)

    assert (first.status_code, replay.status_code, misuse.status_code) == (201, 201, 422)
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

    response = await api.call("POST", "/role-assignments", json=body)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await api.call("GET", "/role-assignments")).json()["data"]["total"] == 0


async def test_no_grant_to_oneself_to_the_suspended_or_without_identity(api: Api) -> None:
    suspended, somebody = new_id(), api.subject()
    api.subjects.suspended.add(suspended)

    oneself = await api.call("POST", "/role-assignments", json={"subject_id": str(api.admin_id), "role": "staff"})
    to_suspended = await api.call("POST", "/role-assignments", json={"subject_id": str(suspended), "role": "staff"})
    api.subjects.away = True
    without = await api.call("POST", "/role-assignments", json={"subject_id": str(somebody), "role": "staff"})

    assert (oneself.status_code, oneself.json()["code"]) == (403, "ACC_002")
    assert (to_suspended.status_code, to_suspended.json()["code"]) == (409, "GOV_001")
    assert (without.status_code, without.json()["code"]) == (503, "SRV_002")
    assert "retry-after" in without.headers


async def test_assignments_are_listed_and_filtered(api: Api) -> None:
    first, second = api.subject(), api.subject()
    for subject, role in ((first, "staff"), (second, "staff"), (second, "guest")):
        await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": role})

    page = await api.call("GET", "/role-assignments", params={"role": "staff", "per_page": 1})
    one = await api.call("GET", "/role-assignments", params={"subject_id": str(second)})

    assert (page.json()["data"]["total"], len(page.json()["data"]["items"])) == (2, 1)
    assert 'rel="next"' in page.headers["link"]
    assert {item["role"] for item in one.json()["data"]["items"]} == {"staff", "guest"}


@pytest.mark.parametrize("query", [{"sort": "role"}, {"page": 0}, {"per_page": 101}, {"subject_id": "x"}, {"role": "A"}])
async def test_unknown_or_bad_filters_are_refused(api: Api, query: dict[str, object]) -> None:
    assert (await api.call("GET", "/role-assignments", params=query)).status_code == 422


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
    again = await api.call("DELETE", f"/role-assignments/{subject}/staff")

    assert first.json()["data"] == again.json()["data"] == {"subject_id": str(subject), "roles": ["user"]}
    assert (first.status_code, again.status_code) == (200, 200)


async def test_the_last_administrator_cannot_be_revoked(api: Api) -> None:
    subject = api.subject()
    await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": "admin"})

    response = await api.call("DELETE", f"/role-assignments/{subject}/admin")

    assert (response.status_code, response.json()["code"]) == (409, "GOV_002")


async def test_an_unknown_role_cannot_be_revoked(api: Api) -> None:
    response = await api.call("DELETE", f"/role-assignments/{api.subject()}/emperor")

    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")


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
