"""Two of each process share the work, and agree."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from faults.operations_ports import handled, recovered
from faults.reads import READS
from journey import Api, Journey, Person, until

from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
# More than a gateway has connections of to a service after a walk.
AT_ONCE = 16
SHARED = {
    "gateway_request_seconds": ["gateway"],
    "http_server_seconds": [f"{service}-serve" for service in READS],
    # Screening, and the roles of who signs in.
    "rpc_server_seconds": ["compliance-serve", "governance-serve"],
}


async def test_the_journey_passes_and_both_replicas_of_each_process_have_a_part_in_it(platform: Platform) -> None:
    await recovered(platform)
    before = await handled(platform)
    admin = Person("Administrator", email=platform.admin_email, password=platform.admin_password)
    # Each request is a new connection, and so enters by the other gateway than the one before.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=platform.url, timeout=120, limits=limits) as client:
        journey = Journey(Api(client), admin, print)
        for _, step in journey.steps():
            print(await step())
        await is_refused_everywhere(client, journey.ndapewa, gateways=platform.processes.ports.replicas)
        await ask_everyone(client, journey)
    after = await handled(platform)
    idle = [
        (metric, name)
        for metric, processes in SHARED.items()
        for process in processes
        for name in platform.replicas(process)
        if after[metric][name] <= before[metric].get(name, 0)
    ]
    assert idle == []


async def is_refused_everywhere(client: httpx.AsyncClient, gone: Person, *, gateways: int) -> None:
    bearer = {"Authorization": f"Bearer {gone.access_token}"}

    async def is_refused() -> bool:
        answers = [await client.get("/api/v1/users/me", headers=bearer) for _ in range(gateways)]
        return {answer.status_code for answer in answers} == {httpx.codes.UNAUTHORIZED}

    await until(is_refused, "the ended session to be refused by each gateway", seconds_max=120)


async def ask_everyone(client: httpx.AsyncClient, journey: Journey) -> None:
    """Make requests enough to reach each replica, by whatever connections there are already."""
    bearer = {"Authorization": f"Bearer {journey.admin.access_token}"}
    for path in READS.values():
        answers = await asyncio.gather(*(client.get(f"/api/v1{path}", headers=bearer) for _ in range(AT_ONCE)))
        assert {answer.status_code for answer in answers} == {httpx.codes.OK}
    order: dict[str, Any] = {"source_wallet_id": journey.johannes.wallet_id, "target_wallet_id": journey.ndapewa.wallet_id}
    for _ in range(4):
        await journey.sign_in(journey.johannes)
        # A busy machine may refuse it: screening does not wait for an answer.
        await journey.api.call(
            "POST", "/transfers", by=journey.johannes, expect=None, key=str(uuid4()), amount="1.00", currency="NAD", **order
        )
