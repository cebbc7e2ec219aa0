"""The whole `jobs` process, with peers that accept only callers with a certificate."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from chassis.persistence.database import Database
from chassis.rpc import Tls
from chassis.run.work import jobs
from chassis.testing.certificates import Authority, MountedSecret
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually
from kernel.clock import SystemClock
from payments.bootstrap import SERVICE
from payments.settings import PaymentsSettings
from services.payments.tests.integration.peers import peers
from services.payments.tests.integration.use_case_bank import UseCaseBank
from services.payments.tests.usual import APPROVAL_KEY

PEERS = ("governance", "compliance", "identity")
Report = Callable[[], Any]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def peers_port(authority: Authority) -> AsyncIterator[int]:
    async with peers(Tls.of(PaymentsSettings.model_validate(authority.issue(*PEERS, "localhost")))) as server:
        yield server.port


@asynccontextmanager
async def running_jobs(urls: DatabaseUrls, port: int, **files: Path) -> AsyncIterator[Report]:
    """Run the process; yield a function that returns its /readyz response."""
    targets = {f"{peer}_target": f"localhost:{port}" for peer in PEERS}
    own = {"database_url": urls.app, "ops_port": 0, "approval_key": APPROVAL_KEY}
    settings = PaymentsSettings.model_validate({**own, **targets, **files})
    stop = asyncio.Event()
    with capture_logs() as lines:
        process = asyncio.create_task(jobs(SERVICE, settings, stop))
        await eventually(lambda: any(line["event"] == "working" for line in lines))
        [ops_port] = [line["ops_port"] for line in lines if line["event"] == "working"]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ops_port}", timeout=60) as client:

            async def report() -> tuple[int, set[str]]:
                answer = await client.get("/readyz")
                return answer.status_code, {name for name, error in answer.json()["checks"].items() if error}

            yield report
        stop.set()
        assert await process


async def test_with_its_certificate_the_jobs_process_is_ready_and_a_file_is_paid(
    database: Database, database_urls: DatabaseUrls, authority: Authority, peers_port: int
) -> None:
    bank = UseCaseBank(database, ControlledClock(SystemClock().now()))
    payer, payee = await bank.wallet("10.00"), await bank.wallet()
    accepted = await bank.hand_in(payer, payee, "4.00")
    async with running_jobs(database_urls, peers_port, **authority.issue("payments")) as report:
        await eventually(report, (200, set()))

        async def status() -> str:
            return str(await bank.scalar("SELECT status FROM bulks WHERE id = :id", id=accepted.bulk.id))

        await eventually(status, "completed")
    assert [(await bank.balance(wallet))[0] for wallet in (payer, payee)] == [6, 4]


@pytest.mark.parametrize("wrong", ["another authority's", "another service's"])
async def test_what_failed_under_a_wrong_certificate_is_done_once_under_the_right_one(
    database: Database,
    database_urls: DatabaseUrls,
    authority: Authority,
    peers_port: int,
    tmp_path_factory: pytest.TempPathFactory,
    wrong: str,
) -> None:
    issuer = authority if wrong == "another service's" else Authority(tmp_path_factory.mktemp("stranger"))
    mounted = MountedSecret(tmp_path_factory.mktemp("mounted"), issuer.certify("governance"), authority.pem)
    bank = UseCaseBank(database, ControlledClock(SystemClock().now()))
    payer, payee = await bank.wallet("10.00"), await bank.wallet()
    accepted = await bank.hand_in(payer, payee, "4.00")
    async with running_jobs(database_urls, peers_port, **mounted.settings):

        async def attempts() -> int:
            return int(await bank.scalar("SELECT max(attempts) FROM procrastinate_jobs WHERE task_name = 'payments:run_bulk'"))

        await eventually(attempts, 1)
        assert (await bank.balance(payee))[0] == 0
        mounted.put(authority.certify("payments"), authority.pem)

        async def status() -> str:
            return str(await bank.scalar("SELECT status FROM bulks WHERE id = :id", id=accepted.bulk.id))

        await eventually(status, "completed")
    assert [(await bank.balance(wallet))[0] for wallet in (payer, payee)] == [6, 4]


@pytest.mark.parametrize("stranger", [False, True], ids=["none", "another authority's"])
async def test_without_an_accepted_certificate_the_jobs_process_is_not_ready(
    database_urls: DatabaseUrls, peers_port: int, tmp_path_factory: pytest.TempPathFactory, stranger: bool
) -> None:
    files = Authority(tmp_path_factory.mktemp("stranger")).issue("payments") if stranger else {}
    async with running_jobs(database_urls, peers_port, **files) as report:
        await eventually(report, (503, set(PEERS)))


async def test_the_jobs_process_is_ready_again_when_a_peer_returns(
    database_urls: DatabaseUrls, fault_proxy: Callable[[str, int], Any]
) -> None:
    async with peers(None) as server:
        proxy = await fault_proxy("127.0.0.1", server.port)
        async with running_jobs(database_urls, proxy.port) as report:
            await eventually(report, (200, set()))
            proxy.refuse()
            await eventually(report, (503, set(PEERS)))
            await proxy.heal()
            await eventually(report, (200, set()))
