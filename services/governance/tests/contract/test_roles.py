"""Roles over REST."""

import asyncio

import pytest

from chassis.testing.databases import DatabaseUrls
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import lock_held, published


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
        ("admin", '"2"', ["user:read"], 409, "GOV_003"),
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
