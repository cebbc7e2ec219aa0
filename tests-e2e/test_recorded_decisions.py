"""Auditors find what policies decided in any service, by which policies, and from what."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from journey import Api, Person

from chassis.testing.running import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def decided(api: Api, admin: Person) -> Callable[..., Awaitable[list[dict[str, Any]]]]:
    async def search(**filters: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        found: list[dict[str, Any]] = (await api.data("GET", f"/audit/decisions?{query}&reason=e2e", by=admin))["items"]
        return found

    return search


async def test_a_denied_request_is_recorded_with_what_it_depended_on(
    api: Api, holder: Callable[..., Awaitable[Person]], decided: Callable[..., Awaitable[list[dict[str, Any]]]]
) -> None:
    person = await holder("Curious")
    refused = await api.call("GET", "/audit/entries?reason=e2e", by=person, expect=403)
    assert refused["code"] == "ACC_001"

    async def denials() -> list[dict[str, Any]]:
        found = await decided(principal_id=person.user_id, permission="audit:view", allowed="false")
        names = ("producer", "principal_kind", "roles", "organization_id", "interactive", "policies", "policy_errors")
        return [{name: each[name] for name in names} for each in found]

    denial = {
        "producer": "compliance",
        "principal_kind": "user",
        "roles": ["user"],
        "organization_id": None,
        "interactive": True,
        # No policy permits it.
        "policies": [],
        "policy_errors": 0,
    }
    await eventually(denials, [denial])


async def test_a_denial_by_a_policy_is_recorded_with_its_name_and_the_facts(
    api: Api,
    admin: Person,
    holder: Callable[..., Awaitable[Person]],
    decided: Callable[..., Awaitable[list[dict[str, Any]]]],
) -> None:
    payer, payee = await holder("Payer", funds="100.00"), await holder("Payee")
    name = f"e2e-decided-{payee.wallet_id[:8]}-{uuid4().hex[:8]}"
    rule: dict[str, Any] = {"currency": "NAD", "threshold": "50.00", "counterparty": payee.wallet_id, "reason": "e2e test"}
    await api.call("PUT", f"/policies/approval-rules/{name}", by=admin, **rule)
    order = {"source_wallet_id": payer.wallet_id, "target_wallet_id": payee.wallet_id, "amount": "60.00", "currency": "NAD"}

    async def in_force() -> bool:
        key = str(uuid4())
        quoted = await api.data("POST", "/transfers", by=payer, expect=200, key=key, **order, dry_run=True)
        return bool(quoted["needs"]["approval_rules"] == [name])

    await eventually(in_force)

    async def denials() -> list[tuple[Any, ...]]:
        found = await decided(policy=f"approval:{name}", principal_id=payer.user_id, allowed="false")
        # One for each dry run; the facts are those of the question.
        return [(each["producer"], each["permission"], {"amount", "currency"} <= each["facts"].keys()) for each in found][:1]

    await eventually(denials, [("payments", "payment:settle-alone", True)])
