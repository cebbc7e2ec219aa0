import asyncio

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chassis.listen import PortTakenError
from chassis.rpc import RemoteUnavailable, RpcServer
from chassis.testing.running import eventually

SERVICE = "elcorp.compliance.v1.ScreeningService"


@pytest.fixture
async def plain_channel(server):
    async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


async def test_health_is_reported_for_each_service(plain_channel, server):
    health = health_pb2_grpc.HealthStub(plain_channel)
    for service in ("", SERVICE):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(aio.AioRpcError) as caught:
        await health.Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_describes_the_services_locally_only(serve, screening):
    async def listed(*, local: bool) -> set[str]:
        async with serve(screening, local=local) as server, aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
            call = reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
            answer = await call.read()
            return {service.name for service in answer.list_services_response.service}

    assert SERVICE in await listed(local=True)
    with pytest.raises(aio.AioRpcError) as caught:
        await listed(local=False)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_calls_in_progress_outlive_the_age_of_their_connection():
    for stream_seconds, grace_ms in ((5, 30_000), (60, 60_000), (600, 600_000)):
        server = RpcServer("127.0.0.1", 0, [], stream_seconds=stream_seconds)
        assert dict(server._options())["grpc.max_connection_age_grace_ms"] == grace_ms


async def test_stopping_finishes_the_running_call_and_accepts_no_new_one(server, stub, screening, ask):
    entered, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        entered.set()
        await may_end.wait()

    async def is_refused() -> bool:
        try:
            await stub.ScreenTransfers(ask())
        except RemoteUnavailable:
            return True
        return False

    screening.answer = slow
    in_flight = asyncio.ensure_future(stub.ScreenTransfers(ask()))
    await entered.wait()
    screening.answer = screening.clear
    stopping = asyncio.create_task(server.stop(60))
    await eventually(is_refused)
    assert not in_flight.done()
    may_end.set()
    assert (await in_flight).verdicts[0].clear
    await stopping


async def test_a_health_watcher_does_not_delay_the_stop(server, plain_channel):
    watch = health_pb2_grpc.HealthStub(plain_channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    # Well within the grace period, which it would otherwise use up.
    await asyncio.wait_for(server.stop(600), 300)
    watch.cancel()


async def test_a_call_that_exceeds_the_grace_period_is_cancelled(server, stub, screening, ask):
    entered = asyncio.Event()

    async def hang() -> None:
        entered.set()
        await asyncio.Event().wait()

    screening.answer = hang
    in_flight = asyncio.ensure_future(stub.ScreenTransfers(ask(), timeout=300))
    await entered.wait()
    await server.stop(0.2)
    with pytest.raises(RemoteUnavailable):
        await in_flight


async def test_the_error_names_a_port_in_use(serve, server, screening):
    with pytest.raises(PortTakenError, match=f"127.0.0.1:{server.port}.*ELCORP_GRPC_PORT"):
        async with serve(screening, port=server.port):
            pass
