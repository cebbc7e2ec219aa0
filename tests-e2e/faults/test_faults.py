"""One part fails; the others do what is still allowed, and everything recovers without intervention."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psycopg
import pytest
from faults.operations_ports import recovered
from faults.reads import READS
from hanging_postgres import hanging
from journey import Api, Person, until

from elcorp_local.platform import Platform
from elcorp_local.platform_processes import ready_urls

pytestmark = pytest.mark.e2e
Holder = Callable[..., Awaitable[Person]]


async def pay(client: httpx.AsyncClient, source: Person, target: Person, key: str | None = None) -> httpx.Response:
    return await client.post(
        "/api/v1/transfers",
        json={
            "source_wallet_id": source.wallet_id,
            "target_wallet_id": target.wallet_id,
            "amount": "1.00",
            "currency": "NAD",
        },
        headers={"Authorization": f"Bearer {source.access_token}", "Idempotency-Key": key or str(uuid4())},
    )


def is_unavailable(response: httpx.Response) -> bool:
    return response.status_code == 503 and response.json()["code"] == "SRV_002" and int(response.headers["retry-after"]) > 0


async def audited(platform: Platform, transfer_id: str) -> None:
    async def appended() -> bool:
        async with await psycopg.AsyncConnection.connect(platform.database_url("compliance", "owner")) as connection:
            rows = await connection.execute("SELECT count(*) FROM audit_entries WHERE resource_id = %s", (transfer_id,))
            return await rows.fetchone() == (1,)

    await until(appended, "the audit entry", seconds_max=120)


@contextmanager
def stopped(platform: Platform, server: str) -> Iterator[None]:
    platform.backing.stop_server(server)
    try:
        yield
    finally:
        platform.backing.start_server(server)


async def test_without_rabbitmq_transfers_succeed_and_their_events_arrive_later(
    client: httpx.AsyncClient, platform: Platform, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="10.00"), await holder("Payee")
    with stopped(platform, "rabbitmq"):
        response = await pay(client, payer, payee)
        assert response.status_code == 201, response.text
    await audited(platform, response.json()["data"]["id"])


async def test_without_redis_reads_work_and_money_does_not_move_unchecked(
    client: httpx.AsyncClient, platform: Platform, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="1000.00"), await holder("Payee")
    bearer = {"Authorization": f"Bearer {payer.access_token}"}
    with stopped(platform, "redis"):

        async def refused() -> bool:
            return is_unavailable(await pay(client, payer, payee))

        await until(refused, "the gateway to notice", seconds_max=120)
        balance = await client.get(f"/api/v1/wallets/{payer.wallet_id}", headers=bearer)
        assert balance.status_code == 200, balance.text

    async def moves() -> bool:
        return (await pay(client, payer, payee)).status_code == 201

    await until(moves, "money to move again", seconds_max=120)
    await recovered(platform)


@pytest.mark.parametrize("service", READS)
async def test_without_its_database_only_that_service_answers_503(
    client: httpx.AsyncClient, platform: Platform, admin: Person, service: str
) -> None:
    bearer = {"Authorization": f"Bearer {admin.access_token}"}

    async def read(of: str) -> httpx.Response:
        return await client.get(f"/api/v1{READS[of]}", headers=bearer)

    processes = {name: process.pid for name, process in platform.supervisor.processes.items()}
    with psycopg.connect(platform.backing.postgres_url, autocommit=True) as superuser:
        superuser.execute(f"ALTER DATABASE {service} ALLOW_CONNECTIONS false")
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (service,))
        try:
            for of in READS:
                response = await read(of)
                assert is_unavailable(response) if of == service else response.status_code == 200, (of, response.text)
        finally:
            superuser.execute(f"ALTER DATABASE {service} ALLOW_CONNECTIONS true")

    async def recovers() -> bool:
        return (await read(service)).status_code == 200

    await until(recovers, f"{service} to recover", seconds_max=120)
    await recovered(platform)
    # No process had to be restarted.
    assert {name: process.pid for name, process in platform.supervisor.processes.items()} == processes


async def test_while_postgres_hangs_every_request_is_answered_and_takes_effect_once(
    client: httpx.AsyncClient, api: Api, platform: Platform, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="10.00"), await holder("Payee")
    key = str(uuid4())
    with hanging(platform.backing.postgres_url):
        # The server runs again only after these answers.
        assert is_unavailable(await pay(client, payer, payee, key))
        ready = await client.get(ready_urls(platform.processes.ports)["payments-serve"])
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "no answer within 2 s")

    async def succeeds() -> bool:
        return (await pay(client, payer, payee, key)).status_code == 201

    await until(succeeds, "the database to answer again", seconds_max=120)
    await recovered(platform)
    wallet = await api.data("GET", f"/wallets/{payer.wallet_id}", by=payer)
    assert wallet["balance"] == "9.00"


async def test_without_compliance_nothing_is_posted(
    client: httpx.AsyncClient, api: Api, platform: Platform, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="10.00"), await holder("Payee")
    key = str(uuid4())
    platform.pause("compliance-serve")
    try:
        assert is_unavailable(await pay(client, payer, payee, key))
        wallet = await api.data("GET", f"/wallets/{payer.wallet_id}", by=payer)
        assert wallet["balance"] == "10.00"
    finally:
        platform.resume("compliance-serve")

    async def succeeds() -> bool:
        return (await pay(client, payer, payee, key)).status_code == 201

    await until(succeeds, "screening to answer again", seconds_max=120)
    wallet = await api.data("GET", f"/wallets/{payer.wallet_id}", by=payer)
    assert wallet["balance"] == "9.00"


async def sign_in(client: httpx.AsyncClient, person: Person) -> httpx.Response:
    body = {"email": person.email, "password": person.password, "device_id": person.device_id}
    return await client.post("/api/v1/auth/login", json=body, timeout=120)


@pytest.mark.parametrize("away", ["governance-serve", "identity-serve"])
async def test_without_it_nobody_signs_in_and_existing_sessions_continue(
    client: httpx.AsyncClient, platform: Platform, holder: Holder, away: str
) -> None:
    payer, payee = await holder("Payer", funds="10.00"), await holder("Payee")
    key = str(uuid4())

    async def succeeds() -> bool:
        return (await pay(client, payer, payee, key)).status_code == 201

    platform.pause(away)
    try:
        assert is_unavailable(await sign_in(client, payer))
        # A busy machine may refuse it once: screening does not wait for an answer.
        await until(succeeds, f"a transfer without {away}", seconds_max=120)
    finally:
        platform.resume(away)

    async def signs_in() -> bool:
        return (await sign_in(client, payer)).status_code == 200

    await until(signs_in, f"{away} to answer again", seconds_max=120)
    await recovered(platform)


async def test_any_killed_process_is_restarted_and_the_facts_of_the_outage_arrive(
    client: httpx.AsyncClient, platform: Platform, holder: Holder
) -> None:
    payer, payee = await holder("Payer", funds="100.00"), await holder("Payee")
    paid = []
    # The first replica of each process, and of `work` the others too: the events of that service then wait.
    processes = [name for name in platform.supervisor.processes if not name.endswith("-2")]
    for name in processes:
        for killed in platform.replicas(name) if name.endswith("-work") else [name]:
            platform.kill(killed)
        key = str(uuid4())

        async def succeeds(key: str = key) -> bool:
            try:
                response = await pay(client, payer, payee, key)
            except httpx.TransportError:
                return False
            if response.status_code == 201:
                paid.append(response.json()["data"]["id"])
            return response.status_code == 201

        await until(succeeds, f"a transfer to succeed after {name} was killed", seconds_max=120)
    assert len(set(paid)) == len(paid) == len(processes)
    for transfer_id in paid:
        await audited(platform, transfer_id)
    await recovered(platform)
    newcomer = await holder("Newcomer")
    assert newcomer.wallet_id
