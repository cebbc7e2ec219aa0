"""Roles over REST."""

import asyncio

import pytest

from chassis.testing.databases import DatabaseUrls
from services.governance.tests.contract.access_api import create_role, done, grant
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import lock_held, published


async def test_roles_are_listed_with_their_permissions(api: Api) -> None:
    items = (await api.call("GET", "/roles")).json()["data"]["items"]

    assert [role["name"] for role in items] == ["admin", "guest", "organization-admin", "staff", "user"]
    own = {"audit:view", "payment:approve", "payment:create", "user:read"}
    assert set(items[3]["permissions"]) == {
        *own,
        "document:view",
        "organization:read_any",
        "transfer:read_any",
        "user:read_any",
        "wallet:read_any",
    }
    assert [role["name"] for role in items if role["is_default"]] == ["user"]


async def test_a_role_has_an_etag(api: Api) -> None:
    response = await api.call("GET", "/roles/staff")

    assert response.headers["etag"] == '"4"'
    assert response.json()["data"]["version"] == 4
    missing = await api.call("GET", "/roles/emperor")
    assert (missing.status_code, missing.json()["code"]) == (404, "RES_001")


async def test_setting_permissions_takes_effect(api: Api) -> None:
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
        ("admin", '"4"', ["user:read"], 409, "GOV_003"),
    ],
)
async def test_invalid_permissions_change_nothing(
    api: Api, role: str, etag: str | None, permissions: object, status: int, code: str
) -> None:
    headers = {"If-Match": etag} if etag else None
    answer = await api.refused("PUT", f"/roles/{role}/permissions", json={"permissions": permissions}, headers=headers)

    assert answer == (status, code)


async def test_of_two_replacements_of_the_same_permissions_the_second_is_refused(api: Api, urls: DatabaseUrls) -> None:
    """Both requests have the current version. The publishing lock decides which one comes first."""
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


async def test_a_stale_version_changes_no_permissions(api: Api) -> None:
    headers = {"If-Match": '"1"'}
    await api.call("PUT", "/roles/guest/permissions", json={"permissions": ["user:read"]}, headers=headers)

    for permissions in (["audit:view"], ["user:read"], []):
        answer = await api.refused("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers=headers)
        assert answer == (412, "RES_003")


async def test_a_role_is_created_with_permissions_and_included_roles(api: Api) -> None:
    role = await create_role(api, "treasurer", "payment:approve", includes=("user",))

    assert (role["permissions"], role["includes"]) == (["payment:approve"], ["user"])
    assert role["effective_permissions"] == ["payment:approve", "payment:create", "user:read"]
    assert (role["version"], role["is_system"], role["is_default"], role["retired_at"]) == (1, False, False, None)
    assert await api.data("/roles/treasurer") == role
    policies = (await api.data("/policies/bundles/current"))["policies"]
    assert '@id("role:treasurer")\n@exceeds("user")\n@includes("user")' in policies
    assert await api.refused("POST", "/roles", json={"name": "treasurer", "title": "Another"}) == (409, "RES_002")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Treasurer"}, "name"),
        ({"name": "treasurer", "title": ""}, "title"),
        ({"name": "treasurer", "permissions": ["vault:open"]}, "permissions"),
        ({"name": "treasurer", "includes": ["emperor"]}, "roles"),
        ({"name": "treasurer", "includes": ["treasurer"]}, "roles"),
    ],
)
async def test_a_malformed_role_is_refused_with_the_place(api: Api, body: dict[str, object], field: str) -> None:
    response = await api.call("POST", "/roles", json={"title": "Treasurer", **body})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_role_keeps_its_name_when_it_is_described(api: Api) -> None:
    role = await create_role(api, "treasurer")
    path, version = "/roles/treasurer", {"If-Match": '"1"'}
    changed = await done(await api.call("PATCH", path, json={"title": "Chief treasurer"}, headers=version))
    assert changed == {**role, "title": "Chief treasurer", "version": 2}
    assert await api.refused("PATCH", path, json={"title": "Late"}, headers=version) == (412, "RES_003")
    assert await api.refused("PATCH", path, json={"title": "Blind"}) == (428, "RES_006")
    assert await done(await api.call("PATCH", path, json={}, headers={"If-Match": '"2"'})) == changed


async def test_a_cycle_of_inclusions_is_refused_with_its_path(api: Api) -> None:
    await create_role(api, "low")
    await create_role(api, "middle", includes=("low",))
    await create_role(api, "top", includes=("middle",))
    response = await api.call("PUT", "/roles/low/includes", json={"roles": ["top"]}, headers={"If-Match": '"1"'})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "roles")
    assert (await api.data("/roles/low"))["includes"] == []


async def test_holders_have_what_an_included_role_permits_and_lose_it_with_the_inclusion(api: Api) -> None:
    await create_role(api, "reader", "role:manage")
    await create_role(api, "office", includes=("reader",))
    await api.refresher.refresh()
    assert (await api.call("GET", "/roles", roles=("office",))).status_code == 200
    await done(await api.call("PUT", "/roles/office/includes", json={"roles": []}, headers={"If-Match": '"1"'}))
    await api.refresher.refresh()
    assert (await api.call("GET", "/roles", roles=("office",))).status_code == 403


async def test_a_retired_role_permits_nothing_at_once_and_cannot_be_used_again(api: Api) -> None:
    subject = api.subject()
    await create_role(api, "office", "role:manage")
    assignment = await grant(api, subject, "office")
    await api.refresher.refresh()
    assert (await api.call("GET", "/roles", roles=("office",))).status_code == 200
    retired = await done(await api.call("POST", "/roles/office/retire", json={"reason": "closed"}, headers={"If-Match": '"1"'}))
    await api.refresher.refresh()

    assert (await api.call("GET", "/roles", roles=("office",))).status_code == 403
    assert (retired["retired_at"], retired["effective_permissions"], retired["version"]) == ("2026-03-21T08:00:00Z", [], 2)
    assert "office" not in [role["name"] for role in (await api.data("/roles"))["items"]]
    assert "office" in [role["name"] for role in (await api.data("/roles", retired=True))["items"]]
    assert (await api.data(f"/role-assignments/{subject}"))["assignments"] == [assignment]
    grant_it = {"subject_id": str(api.subject()), "role": "office"}
    assert await api.refused("POST", "/role-assignments", json=grant_it) == (409, "GOV_004")
    assert await api.refused("POST", "/roles", json={"name": "office", "title": "Office"}) == (409, "RES_002")
    assert await api.refused("POST", "/roles", json={"name": "x", "title": "X", "includes": ["office"]}) == (409, "GOV_004")
    wanted = {"permissions": ["user:read"]}
    assert await api.refused("PUT", "/roles/office/permissions", json=wanted, headers={"If-Match": '"2"'}) == (409, "GOV_004")
    again = await done(await api.call("POST", "/roles/office/retire", json={"reason": "closed"}))
    assert again == retired


async def test_system_roles_are_protected(api: Api) -> None:
    for role in ("admin", "staff", "user", "guest"):
        assert await api.refused("POST", f"/roles/{role}/retire", json={"reason": "closed"}) == (409, "GOV_005")


async def test_nobody_includes_or_retires_a_role_that_permits_more_than_they_have(api: Api) -> None:
    manager = api.subject()
    await create_role(api, "managers", "role:manage")
    await create_role(api, "plain")
    await create_role(api, "strong", "treasury:issue")
    await grant(api, manager, "managers")
    await api.refresher.refresh()
    headers = api.forge.headers(manager, roles=("managers",))
    for method, path, body in (
        ("PUT", "/roles/plain/includes", {"roles": ["strong"]}),
        ("POST", "/roles/strong/retire", {"reason": "not needed"}),
        ("PATCH", "/roles/strong", {"title": "Harmless"}),
        ("POST", "/roles", {"name": "mine", "title": "Mine", "includes": ["strong"]}),
    ):
        match = {"If-Match": '"1"', **headers}
        assert await api.refused(method, path, roles=None, json=body, headers=match) == (403, "ACC_003"), path


async def test_nobody_weakens_a_stronger_role_through_one_that_it_includes(api: Api) -> None:
    manager = api.subject()
    await create_role(api, "managers", "role:manage", "user:read")
    await create_role(api, "low", "user:read")
    await create_role(api, "strong", "treasury:issue", includes=("low",))
    await grant(api, manager, "managers")
    await api.refresher.refresh()
    headers = {**api.forge.headers(manager, roles=("managers",)), "If-Match": '"1"'}
    for method, path, body in (
        ("PUT", "/roles/low/permissions", {"permissions": []}),
        ("POST", "/roles/low/retire", {"reason": "not needed"}),
    ):
        assert await api.refused(method, path, roles=None, json=body, headers=headers) == (403, "ACC_003"), path


async def test_a_role_that_an_approval_rule_names_stays_reached_by_its_holders(api: Api) -> None:
    manager = api.subject()
    await create_role(api, "managers", "role:manage")
    await create_role(api, "junior")
    await create_role(api, "trainee", includes=("junior",))
    await grant(api, manager, "managers")
    rule = {"currency": "NAD", "threshold": "10.00", "role": "junior", "reason": "resolution 12"}
    await done(await api.call("PUT", "/policies/approval-rules/juniors", json=rule))
    await api.refresher.refresh()
    answer = await api.call("POST", "/roles/junior/retire", json={"reason": "closed"})
    assert (answer.status_code, answer.json()["code"], answer.json()["details"]["rules"]) == (409, "GOV_015", ["juniors"])
    # Who manages roles alone lifts no rule.
    headers = {**api.forge.headers(manager, roles=("managers",)), "If-Match": '"1"'}
    path = "/roles/trainee/includes"
    assert await api.refused("PUT", path, roles=None, json={"roles": []}, headers=headers) == (403, "ACC_003")
    await done(await api.call("PUT", "/roles/trainee/includes", json={"roles": []}, headers={"If-Match": '"1"'}))
