"""How long a database that hangs, and peers that are silent, are waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from uuid import uuid4

import httpx
from grpc import ChannelConnectivity
from hanging_postgres import hanging
from journey import Person
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from benchmarks.bank import Bank
from benchmarks.results import Result
from chassis.messaging.connection import BrokerLost, open_session
from chassis.persistence.database import Database
from chassis.rpc import connect
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, through
from elcorp_local.platform_processes import ready_urls
from payments.settings import PaymentsSettings

ANSWERED_SECONDS_MAX = 10
READY_SECONDS_MAX = 3
RECOVERED_SECONDS_MAX = 15
GIVEN_UP_SECONDS_MAX = 15


def measure(bank: Bank) -> list[Result]:
    return [*_hangs(bank), *asyncio.run(_silent(bank))]


def _hangs(bank: Bank) -> Iterator[Result]:
    payer, payee = bank.people[:2]
    key = str(uuid4())
    with httpx.Client(base_url=bank.platform.url, timeout=120) as client:

        def pay() -> int:
            return _pay(client, payer, payee, key).status_code

        def ready() -> int:
            return client.get(ready_urls(bank.platform.processes.ports)["payments-serve"]).status_code

        with hanging(bank.platform.backing.postgres_url):
            answered = _seconds_until_status(pay, httpx.codes.SERVICE_UNAVAILABLE)
            said = _seconds_until_status(ready, httpx.codes.SERVICE_UNAVAILABLE)
        recovered = _seconds_until_status(pay, httpx.codes.CREATED)
    yield Result.below("PostgreSQL hangs: a transfer is answered", answered, "s", target=ANSWERED_SECONDS_MAX)
    yield Result.below("PostgreSQL hangs: /readyz answers", said, "s", target=READY_SECONDS_MAX)
    yield Result.below("PostgreSQL hung: a transfer succeeds again", recovered, "s", target=RECOVERED_SECONDS_MAX)


def _seconds_until_status(ask: Callable[[], int], wanted: int) -> float:
    began = time.monotonic()
    while ask() != wanted:
        time.sleep(0.05)
    return time.monotonic() - began


def _pay(client: httpx.Client, payer: Person, payee: Person, key: str) -> httpx.Response:
    order = {"source_wallet_id": payer.wallet_id, "target_wallet_id": payee.wallet_id, "amount": "1.00", "currency": "NAD"}
    headers = {"Authorization": f"Bearer {payer.access_token}", "Idempotency-Key": key}
    return client.post("/api/v1/transfers", json=order, headers=headers)


async def _silent(bank: Bank) -> list[Result]:
    """Measure at the same time how long each of our clients waits for a peer that accepts everything and answers nothing."""
    waits = {"PostgreSQL": _postgres, "RabbitMQ": _rabbitmq, "a gRPC peer": _grpc}
    seconds = await asyncio.gather(*(wait(bank) for wait in waits.values()))
    return [
        Result.below(f"{name} is silent: given up", taken, "s", target=GIVEN_UP_SECONDS_MAX)
        for name, taken in zip(waits, seconds, strict=True)
    ]


async def _postgres(bank: Bank) -> float:
    url = bank.platform.database_url("payments")
    proxy = await _proxy_to(url)
    database = Database.connect(through(url, proxy.port), pool_size=1)

    async def lose() -> None:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
            proxy.blackhole()
            await connection.execute(text("SELECT 1"))

    taken = await _seconds_until(lose, OperationalError)
    await database.close()
    await proxy.close()
    return taken


async def _rabbitmq(bank: Bank) -> float:
    url = bank.platform.backing.rabbitmq_url
    proxy = await _proxy_to(url)
    async with open_session(through(url, proxy.port), name="bench") as session:
        proxy.blackhole()
        taken = await _seconds_until(lambda: session.run(_forever()), BrokerLost)
    await proxy.close()
    return taken


async def _grpc(bank: Bank) -> float:
    proxy = await FaultProxy.start("127.0.0.1", bank.platform.processes.ports.of("grpc", "compliance"))
    settings = PaymentsSettings.model_validate({"environment": "local", "compliance_target": f"127.0.0.1:{proxy.port}"})
    async with connect(settings, "compliance") as channel:
        await channel.channel_ready()
        proxy.blackhole()
        began = time.monotonic()
        await channel.wait_for_state_change(ChannelConnectivity.READY)
        taken = time.monotonic() - began
    await proxy.close()
    return taken


async def _seconds_until(work: Callable[[], Awaitable[None]], failure: type[Exception]) -> float:
    began = time.monotonic()
    try:
        await work()
    except failure:
        return time.monotonic() - began
    raise RuntimeError(f"{failure.__name__} was expected")


async def _proxy_to(url: str) -> FaultProxy:
    return await FaultProxy.start(*endpoint(url))


async def _forever() -> None:
    await asyncio.Event().wait()
