"""An access review through the gateway: the manager is asked by a notice and decides, and an auditor verifies the report."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from journey import Api, Person

from chassis.testing.running import eventually
from kernel.ids import new_id

pytestmark = pytest.mark.e2e
WHY: dict[str, Any] = {"reason": "audit plan, finding 12"}


async def bank(api: Api, admin: Person, manager: Person, *reports: Person) -> str:
    """Register an organization in which all have a role, and the others report to the manager. Return its id."""
    organization = await api.data(
        "POST", "/organizations", by=admin, expect=201, key=str(new_id()), kind="bank", name=f"Bank {new_id()}"
    )
    members = f"/organizations/{organization['id']}/members"
    for member in (manager, *reports):
        asked = {"subject_id": member.user_id, "roles": ["staff"], **WHY}
        await api.data("POST", members, by=admin, expect=201, key=str(new_id()), **asked)
    for report in reports:
        path, body = f"{members}/{report.user_id}", {"manager_id": manager.user_id, "ends_at": None}
        await api.data("PATCH", path, by=admin, key=str(new_id()), etag=1, **body)
    return str(organization["id"])


async def test_a_manager_decides_and_an_auditor_verifies_the_report(
    api: Api, admin: Person, holder: Callable[..., Awaitable[Person]]
) -> None:
    manager, clerk, leaver = await holder("Manager"), await holder("Clerk"), await holder("Leaver")
    organization = await bank(api, admin, manager, clerk, leaver)
    review = await api.data(
        "POST",
        "/access/reviews",
        by=admin,
        expect=201,
        key=str(new_id()),
        title="Staff of the bank",
        organization_id=organization,
        deadline=(datetime.now(UTC) + timedelta(days=14)).isoformat(),
        **WHY,
    )
    path = f"/access/reviews/{review['id']}"

    async def asked() -> list[str]:
        notices = (await api.data("GET", "/notices", by=manager))["items"]
        return [notice["text"] for notice in notices if notice["link"] == path]

    async def was_asked() -> bool:
        return bool(await asked())

    await eventually(was_asked, expected=True)
    (text,) = await asked()
    assert text.startswith("Staff of the bank: please decide by ")
    assert "Roles to decide: 2." in text

    lines = {line["subject_id"]: line for line in (await api.data("GET", f"{path}/lines", by=manager))["items"]}
    assert lines.keys() == {clerk.user_id, leaver.user_id}
    decision = {"keep": [lines[clerk.user_id]["number"]], "withdraw": [lines[leaver.user_id]["number"]], **WHY}
    decided = await api.data("POST", f"{path}/decisions", by=manager, key=str(new_id()), **decision)
    assert {line["subject_id"]: line["outcome"] for line in decided} == {clerk.user_id: "kept", leaver.user_id: "withdrawn"}
    assert (await api.call("GET", path, by=clerk, expect=404))["code"] == "RES_001"
    rest = (await api.data("GET", f"{path}/lines?outcome=open", by=admin))["items"]
    assert [line["subject_id"] for line in rest] == [manager.user_id]
    body = {"keep": [rest[0]["number"]], **WHY}
    await api.data("POST", f"{path}/decisions", by=admin, key=str(new_id()), **body)

    async def status() -> str:
        return str((await api.data("GET", path, by=admin))["status"])

    # Nothing is open, so the job does not wait for the deadline.
    await eventually(status, "completed")
    report = await api.data("GET", f"{path}/report", by=admin)
    assert (report["statement"]["counts"]["kept"], report["statement"]["counts"]["withdrawn"]) == (2, 1)
    keys = {key["id"]: key["public_key"] for key in await api.data("GET", "/access/reviews/keys")}
    canonical = json.dumps(report["statement"], sort_keys=True, separators=(",", ":")).encode()
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(keys[report["key_id"]]))
    public.verify(base64.b64decode(report["signature"]), b"elcorp-access-review-v1\n" + canonical)

    async def recorded() -> list[str]:
        found = await api.data(
            "GET", f"/audit/entries?resource_id={review['id']}&action=governance.access_review.complete", by=admin
        )
        return [entry["after"]["report_sha256"] for entry in found["items"]]

    await eventually(recorded, [report["sha256"]])
