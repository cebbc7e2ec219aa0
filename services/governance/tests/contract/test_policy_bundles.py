"""Policy bundles over REST."""

from uuid import UUID

from chassis.testing.clocks import ControlledClock
from services.governance.tests.contract.api import Api


async def test_bundles_are_listed_newest_first(api: Api) -> None:
    for version, permissions in ((1, ["user:read"]), (2, [])):
        await api.call("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers={"If-Match": f'"{version}"'})

    page = (await api.call("GET", "/policies/bundles", params={"per_page": 2})).json()["data"]

    assert (page["total"], [item["version"] for item in page["items"]]) == (3, [3, 2])
    assert page["items"][0]["published_by"] == str(api.admin_id)
    assert UUID(page["items"][0]["id"])


async def test_the_policies_in_force_are_read(api: Api) -> None:
    response = await api.call("GET", "/policies/bundles/current")

    data = response.json()["data"]
    assert response.headers["etag"] == '"1"'
    assert (data["version"], data["published_by"]) == (1, "governance")
    assert '@id("role:staff")' in data["policies"]
    assert "payment:approve" in data["cedar_schema"]


async def test_bundle_listing_in_full(api: Api, clock: ControlledClock) -> None:
    first = await api.data("/policies/bundles/current")
    for version, permissions in ((1, ["user:read"]), (2, [])):
        clock.advance(seconds=60)
        await api.call("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers={"If-Match": f'"{version}"'})
    current = await api.data("/policies/bundles/current")
    told = {
        name: value for name, value in current.items() if name not in {"policies", "shadow_policies", "cedar_schema", "in_force"}
    }
    newest, middle = (await api.data("/policies/bundles", per_page=2))["items"]
    by = {"published_by": str(api.admin_id)}
    assert newest == told == {**told, **by, "version": 3, "published_at": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"}
    assert (middle["version"], middle["published_by"]) == (2, str(api.admin_id))
    # The roles are as before, and so are the compiled policies, but the bundle is a new one.
    assert (newest["digest"], newest["id"] == first["id"]) == (first["digest"], False)
    oldest = {name: value for name, value in first.items() if name in told}
    assert await api.data("/policies/bundles", page=2, per_page=2) == {"items": [oldest], "page": 2, "per_page": 2, "total": 3}
