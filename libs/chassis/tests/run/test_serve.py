import asyncio
import signal
import socket
from typing import ClassVar

import aiohttp
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.rpc import connect
from chassis.settings import ServiceSettings
from chassis.testing.running import endpoint, through
from elcorp.common.v1 import money_pb2
from elcorp.compliance.v1 import compliance_pb2 as compliance
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub
from kernel.ids import new_id


class Caller(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("compliance",)


async def screen(port: object) -> compliance.ScreenTransfersResponse:
    one = compliance.Screening(
        initiator_id=str(new_id()),
        source_id=str(new_id()),
        target_id=str(new_id()),
        amount=money_pb2.Money(amount="1.00", currency="NAD"),
    )
    async with connect(Caller(compliance_target=f"127.0.0.1:{port}"), "compliance") as channel:
        return await ScreeningServiceStub(channel).ScreenTransfers(compliance.ScreenTransfersRequest(transfers=[one]), timeout=60)


async def health(port: object) -> str:
    """Return the health status that gRPC reports for its service."""
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        asked = health_pb2.HealthCheckRequest(service="elcorp.compliance.v1.ScreeningService")
        answer = await health_pb2_grpc.HealthStub(channel).Check(asked)
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


async def test_sigterm_finishes_running_requests_on_both_servers_and_exits_with_success(start, urls, get):
    process = await start("serve", database_url=urls.app, drain_seconds=0.1)
    serving = await process.line("serving")

    async def slow() -> int:
        async with get(serving["rest_port"], "/slow") as response:
            return int(response.status)

    rest, rpc = asyncio.create_task(slow()), asyncio.create_task(screen(serving["grpc_port"]))
    await process.line("entered", door="rest")
    await process.line("entered", door="rpc")
    process.terminate()
    assert await rest == 200
    assert (await rpc).verdicts[0].clear
    assert await process.exit_code() == 0
    assert "pools closed" in process.text


async def test_while_it_drains_it_serves_and_reports_it(start, urls, get):
    process = await start("serve", database_url=urls.app, drain_seconds=60)
    serving = await process.line("serving")
    assert await health(serving["grpc_port"]) == "SERVING"
    async with get(serving["ops_port"], "/readyz") as response:
        assert (await response.json())["ready"]
    url = f"http://127.0.0.1:{serving['rest_port']}/stream"
    async with aiohttp.ClientSession() as session, session.get(url) as stream:
        assert await stream.content.readany() == b"first "
        process.terminate()
        await process.line("stopping")
        # At once, a minute before it stops.
        assert await stream.read() == b"last"
    async with get(serving["ops_port"], "/readyz") as response:
        assert await response.json() == {"ready": False, "draining": True, "checks": {}}
    # Callers that know no other peer continue to call this one.
    assert await health(serving["grpc_port"]) == "SERVING"
    # A second signal of the same kind changes nothing.
    process.terminate()
    await process.line("stopping", number=2)
    async with get(serving["rest_port"], "/quick") as response:
        assert response.status == 200
        # The next request uses another connection, which leads to another peer.
        assert response.headers["Connection"] == "close"
    # A user who does not want to wait can interrupt again.
    process.process.send_signal(signal.SIGINT)
    assert await process.exit_code() == 128 + signal.SIGINT


async def test_an_idle_process_stops_immediately(start, urls):
    process = await start("serve", database_url=urls.app, shutdown_seconds=60)
    await process.line("serving")
    process.terminate()
    # Not after the sixty seconds allowed for running work.
    assert await process.exit_code(50) == 0


async def test_a_crashed_background_task_ends_the_process_with_a_clear_line(start, urls):
    process = await start("serve", database_url=urls.app, crash_after_seconds=0.2)
    line = await process.line("background_failed")
    assert "the hinges gave way" in line["exception"]
    assert await process.exit_code() == 1
    assert "pools closed" in process.text


async def test_a_service_with_a_method_that_names_no_callers_does_not_start(start, urls):
    process = await start("serve", database_url=urls.app, unguarded="true")
    line = await process.line("process_failed")
    assert await process.exit_code() == 1
    assert "doors.Doors.Open has no option (elcorp.options.v1.access)" in line["problem"]
    assert "serving" not in [entry["event"] for entry in process.lines]


async def test_it_waits_for_an_unreachable_database_and_logs_it(start, urls, fault_proxy, servers):
    proxy = await fault_proxy(*endpoint(servers.postgres_url))
    proxy.refuse()
    process = await start("serve", database_url=through(urls.app, proxy.port))
    line = await process.line("waiting")
    assert line["what"] == "the database"
    await proxy.heal()
    await process.line("serving")


async def test_it_waits_for_the_schema_and_names_the_command(start, databases, servers):
    process = await start("serve", database_url=servers.postgres_url)
    line = await process.line("waiting")
    assert "python -m doors migrate" in line["what"]
    process.terminate()
    assert await process.exit_code() == 0


async def test_migrate_updates_an_empty_database_and_running_it_again_changes_nothing(start, databases, urls):
    for _ in range(2):
        process = await start("migrate", database_owner_url=urls.owner)
        assert await process.exit_code() == 0
        assert (await process.line("migrated"))["result"] == "schema at 0001 already"


async def test_a_setting_that_does_not_fit_the_database_ends_the_process_without_a_traceback(start, urls):
    process = await start("serve", database_url=urls.app, lock="other")
    line = await process.line("setting_refused")
    assert await process.exit_code() == 2
    assert line["problem"] == "ELCORP_LOCK does not fit the database test_doors"
    assert "Traceback" not in process.text


@pytest.mark.parametrize(
    ("setting", "role", "name"),
    [("rest_port", "serve", "REST"), ("grpc_port", "serve", "GRPC"), ("ops_port", "work", "OPS"), ("ops_port", "serve", "OPS")],
)
async def test_the_error_names_a_port_in_use(start, urls, setting, role, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start(role, database_url=urls.app, database_relay_url=urls.relay, **{setting: port})
        line = await process.line("process_failed")
        assert await process.exit_code() == 1
    assert f"127.0.0.1:{port}" in line["problem"]
    assert f"ELCORP_{name}_PORT" in line["problem"]
