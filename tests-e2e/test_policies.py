"""Two administrators change who may pay how much, through the gateway, without seeing Cedar."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from journey import Api, Journey, Person

from chassis.testing.running import eventually

pytestmark = pytest.mark.e2e
WHY: dict[str, Any] = {"reason": "resolution 12 of the risk committee"}


@pytest.fixture
async def second(api: Api, admin: Person) -> AsyncIterator[Person]:
    """Return a second administrator, whose role is revoked afterwards, so that other tests find only one."""
    journey, second = Journey(api, admin, print), Person("Second")
    await journey.register(second)
    await api.data("POST", "/role-assignments", by=admin, expect=201, subject_id=second.user_id, role="admin", **WHY)
    await journey.sign_in(second)
    yield second

    async def revoked() -> str:
        answer = await api.call("DELETE", f"/role-assignments/{second.user_id}/admin", by=admin, expect=None)
        return str(answer["status"])

    await eventually(revoked, "success")


class Desk:
    """A role of this test, with a policy about it, which two administrators change."""

    def __init__(self, api: Api, admin: Person, second: Person) -> None:
        self.api, self.admin, self.second = api, admin, second
        self.name = f"capped-{uuid4().hex[:8]}"

    async def put(self, **item: Any) -> Any:
        """Ask as one administrator; the other reads the report and approves."""
        items = [{"policy": self.name, **item}]
        asked = await self.api.data("POST", "/policies/changes", by=self.admin, expect=201, key=str(uuid4()), items=items, **WHY)
        path = f"/policies/changes/{asked['id']}"
        own = await self.api.call(
            "POST", f"{path}/approve", by=self.admin, expect=403, key=str(uuid4()), etag=asked["report"]["bundle_version"], **WHY
        )
        assert own["code"] == "ACC_002"
        read = await self.api.data("GET", path, by=self.second)
        seen = read["report"]["bundle_version"]
        return await self.api.data("POST", f"{path}/approve", by=self.second, key=str(uuid4()), etag=seen, **WHY)


async def test_a_limit_is_filled_in_watched_enforced_and_taken_back(
    api: Api, admin: Person, second: Person, holder: Callable[..., Awaitable[Person]]
) -> None:
    payer, payee = await holder("Payer", funds="500.00"), await holder("Payee")
    desk = Desk(api, admin, second)
    role = {"name": desk.name, "title": "Capped", "permissions": []}
    await api.data("POST", "/roles", by=admin, expect=201, key=str(uuid4()), **role)
    await api.data("POST", "/role-assignments", by=admin, expect=201, subject_id=payer.user_id, role=desk.name, **WHY)

    async def pay(amount: str, **dry_run: Any) -> tuple[str, str]:
        order: dict[str, Any] = {
            "source_wallet_id": payer.wallet_id,
            "target_wallet_id": payee.wallet_id,
            "amount": amount,
            "currency": "NAD",
        }
        answer = await api.call("POST", "/transfers", by=payer, expect=None, key=str(uuid4()), **order, **dry_run)
        return answer["status"], answer.get("code", "")

    draft = {"permissions": ["payment:create"], "amount": "50.00", "currency": "NAD", "roles": [desk.name]}
    made = await api.data(
        "POST",
        "/policies",
        by=admin,
        expect=201,
        key=str(uuid4()),
        name=desk.name,
        description="What a new customer pays at most",
        owner="risk officer",
        template="amount-limit",
        parameters=draft,
        **WHY,
    )
    assert made["sentence"] == (
        f"People with the role {desk.name} may make a payment (payment:create) only up to 50 NAD in one request."
    )

    # Watched: nothing is denied, and the report says what would have been.
    changed = await desk.put(version=1, mode="shadow")
    # The role itself permits nothing, so nobody loses anything by it alone: the payer pays by the role that all have.
    assert changed["report"]["differences"] == []
    assert await pay("60.00") == ("success", "")

    async def watched() -> list[tuple[str, int]]:
        await pay("60.00", dry_run=True)
        report = await api.data("GET", f"/policies/{desk.name}/shadow-report", by=admin)
        return [(each["permission"], each["people"]) for each in report["denials"]]

    await eventually(watched, [("payment:create", 1)])

    changed = await desk.put(version=1, mode="enforced")
    [lost] = changed["report"]["replay"]
    assert (lost["permission"], lost["effect"], lost["people"]) == ("payment:create", "loses", 1)
    assert lost["policies"] == [f"policy:{desk.name}"]

    async def refused() -> tuple[str, str]:
        return await pay("60.00")

    await eventually(refused, ("error", "ACC_001"))
    assert await pay("50.00") == ("success", "")

    await desk.put(mode="off")
    await eventually(refused, ("success", ""))

    async def on_record() -> list[str]:
        trail = await api.call("GET", f"/audit/trails/{desk.name}?reason=e2e", by=admin, expect=None)
        items = trail.get("data", {}).get("items", [])
        return [each["action"] for each in items if (each["resource_type"], each["resource_id"]) == ("policy", desk.name)]

    await eventually(on_record, ["governance.policy.create", *["governance.policy.put"] * 3])


async def test_an_application_asks_the_decision_point_at_the_root(
    client: httpx.AsyncClient, admin: Person, holder: Callable[..., Awaitable[Person]]
) -> None:
    found = (await client.get("/.well-known/authzen-configuration")).json()
    path = urlsplit(found["access_evaluation_endpoint"]).path
    assert (path, urlsplit(found["access_evaluations_endpoint"]).path) == ("/access/v1/evaluation", "/access/v1/evaluations")
    person = await holder("Person")
    document = {"type": "document", "id": "7", "properties": {"classification": "classified"}}
    subjects = [{"type": "user", "id": each.user_id} for each in (admin, person)]
    view = {"action": {"name": "document:view"}, "resource": document}
    signed = {"Authorization": f"Bearer {admin.access_token}", "X-Request-ID": str(uuid4())}

    answers = await client.post(
        f"{path}s", json={**view, "evaluations": [{"subject": each} for each in subjects]}, headers=signed
    )
    assert [each["decision"] for each in answers.json()["evaluations"]] == [True, False]
    assert answers.headers["x-request-id"] == signed["X-Request-ID"]
    # The example of the specification, about a person who is not known here.
    alice = {"type": "user", "id": "alice@acmecorp.com"}
    example = {"subject": alice, "resource": {"type": "todo", "id": "1"}, "action": {"name": "can_read"}}
    answer = await client.post(path, json={**example, "context": {"time": "1985-10-26T01:22-07:00"}}, headers=signed)
    assert (answer.status_code, answer.json()["decision"]) == (200, False)
    assert (await client.post(path, json=example)).status_code == 401
    assert (await client.post(path, json={"subject": alice}, headers=signed)).status_code == 400
