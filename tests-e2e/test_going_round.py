"""A caller inside the network who bypasses the gateway."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from factors import add_second_factor, step_up
from journey import Api, Journey, Person

from chassis.testing.running import eventually
from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
# One read of each service that requires a token.
READS = {
    "identity": "/api/v1/users/me",
    "payments": "/api/v1/wallets",
    "governance": "/api/v1/roles",
    "compliance": "/api/v1/audit/entries",
}


async def test_every_service_refuses_the_token_of_a_user_who_has_signed_out(
    platform: Platform, api: Api, holder: Callable[..., Awaitable[Person]]
) -> None:
    person = await holder("Leaver")
    headers = {"Authorization": f"Bearer {person.access_token}"}

    async with httpx.AsyncClient(timeout=120) as client:

        async def refusing() -> set[str]:
            answers = {name: await client.get(platform.service_url(name) + path, headers=headers) for name, path in READS.items()}
            return {name for name, answer in answers.items() if answer.status_code == httpx.codes.UNAUTHORIZED}

        await eventually(refusing, set())
        await api.call("POST", "/auth/logout", by=person)
        await eventually(refusing, set(READS))


NOBODYS = "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"
# Operations of each service that require a recent sign-in, one that requires two factors, and their responses after it.
ACTS = {
    ("identity", "DELETE", f"/device-keys/{NOBODYS}"): "RES_001",
    ("payments", "POST", f"/wallets/{NOBODYS}/freeze"): "VAL_001",
    ("governance", "POST", "/role-assignments"): "VAL_001",
    ("compliance", "POST", "/screening/blocks"): "VAL_001",
}
STRONG_ACT = ("payments", "POST", f"/wallets/{NOBODYS}/unfreeze")


@pytest.fixture
async def manager(api: Api, admin: Person, holder: Callable[..., Awaitable[Person]]) -> AsyncIterator[Person]:
    """Return a user with one factor who may do all of these for the length of the test."""
    manager = await holder("Manager")
    grant = {"subject_id": manager.user_id, "role": "admin", "reason": "e2e test"}
    await api.data("POST", "/role-assignments", by=admin, expect=201, **grant)
    await Journey(api, admin, print).sign_in(manager)
    yield manager
    await api.call("DELETE", f"/role-assignments/{manager.user_id}/admin", by=admin)


async def test_every_service_requires_a_new_sign_in_after_the_users_factors_changed(
    platform: Platform, api: Api, admin: Person, manager: Person
) -> None:
    elsewhere = replace(manager, device_id=str(uuid4()))
    await Journey(api, admin, print).sign_in(elsewhere)

    async with httpx.AsyncClient(timeout=120) as client:

        async def answer(token: str, service: str, method: str, path: str) -> str:
            url, headers = f"{platform.service_url(service)}/api/v1{path}", {"Authorization": f"Bearer {token}"}
            return str((await client.request(method, url, headers=headers, json={})).json()["code"])

        async def answers(token: str, *more: tuple[str, str, str]) -> dict[tuple[str, str, str], str]:
            return {act: await answer(token, *act) for act in (*ACTS, *more)}

        await eventually(lambda: answers(elsewhere.access_token), ACTS)
        secret = await add_second_factor(api, manager, end_other_sessions=False)
        await eventually(lambda: answers(elsewhere.access_token), dict.fromkeys(ACTS, "AUTH_005"))

        await step_up(api, manager, secret)
        both = manager.access_token
        await eventually(lambda: answers(both, STRONG_ACT), {**ACTS, STRONG_ACT: "VAL_001"})
        await api.call("DELETE", "/auth/factors/totp?end_other_sessions=false", by=manager)
        await eventually(lambda: answers(both, STRONG_ACT), dict.fromkeys((*ACTS, STRONG_ACT), "AUTH_005"))
        # The session continues, and is trusted again once its user has authenticated with the remaining factors.
        again = await api.data("POST", "/auth/step-up", by=manager, password=manager.password)
        await eventually(lambda: answers(again["access_token"]), ACTS)


async def test_no_public_port_shows_readiness_or_metrics(platform: Platform) -> None:
    async with httpx.AsyncClient(timeout=120) as client:
        for url in (platform.url, *(platform.service_url(name) for name in READS)):
            for path in ("/readyz", "/metrics"):
                assert (await client.get(url + path)).status_code == httpx.codes.NOT_FOUND
            assert (await client.get(f"{url}/healthz")).status_code == httpx.codes.OK
