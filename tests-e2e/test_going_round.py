"""A caller inside the network, who bypasses the gateway."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from journey import Api, Person

from chassis.testing.running import eventually
from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
# One read of each service that asks for a token.
READS = {
    "identity": "/api/v1/users/me",
    "payments": "/api/v1/wallets",
    "governance": "/api/v1/roles",
    "compliance": "/api/v1/audit/entries",
}


async def test_a_token_is_refused_by_every_service_itself_once_its_user_has_signed_out(
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


async def test_no_port_that_clients_reach_shows_readiness_or_metrics(platform: Platform) -> None:
    async with httpx.AsyncClient(timeout=120) as client:
        for url in (platform.url, *(platform.service_url(name) for name in READS)):
            for path in ("/readyz", "/metrics"):
                assert (await client.get(url + path)).status_code == httpx.codes.NOT_FOUND
            assert (await client.get(f"{url}/healthz")).status_code == httpx.codes.OK
