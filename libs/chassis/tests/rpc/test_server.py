import asyncio

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chassis.listen import PortTakenError
from chassis.rpc import RemoteUnavailable
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


async def test_reflection_lists_the_services(plain_channel):
    reflection = reflection_pb2_grpc.ServerReflectionStub(plain_channel)
    call = reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    answer = await call.read()
    assert SERVICE in {service.name for service in answer.list_services_response.service}


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
