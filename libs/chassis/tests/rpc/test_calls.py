import json
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from structlog.testing import capture_logs

from chassis import telemetry
from chassis.rpc import RemoteUnavailable, UndeclaredPeerError, caller, connect
from chassis.rpc.callers import UnknownCaller
from chassis.rpc.service_config import service_config, services_of
from chassis.settings import ServiceSettings
from chassis.telemetry.context import acting_subject
from chassis.testing.running import eventually
from elcorp.compliance.v1 import compliance_pb2
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub
from kernel.actor import ActorKind
from kernel.errors import Unavailable


async def test_a_repeatable_call_is_retried_while_the_peer_is_unavailable(stub, screening, ask):
    async def fail_twice() -> None:
        if screening.calls <= 2:
            raise Unavailable

    screening.answer = fail_twice
    answer = await stub.ScreenTransfers(ask())
    assert answer.verdicts[0].clear
    assert screening.calls == 3


async def test_retries_end(stub, screening, ask):
    async def fail() -> None:
        raise Unavailable

    screening.answer = fail
    with pytest.raises(RemoteUnavailable):
        await stub.ScreenTransfers(ask())
    assert screening.calls == 3


async def test_an_absent_peer_is_unavailable_at_once_and_found_when_it_returns(connect_to, serve, screening, ask):
    async with serve(screening) as first:
        port = first.port
    async with connect_to(f"127.0.0.1:{port}") as channel:
        stub = ScreeningServiceStub(channel)
        with pytest.raises(RemoteUnavailable) as caught:
            await stub.ScreenTransfers(ask())
        assert isinstance(caught.value, Unavailable)

        async def is_found() -> bool:
            try:
                await stub.ScreenTransfers(ask())
            except RemoteUnavailable:
                return False
            return True

        async with serve(screening, port=port):
            await eventually(is_found)


async def test_calls_are_distributed_over_all_backends(connect_to, serve, ask):
    counters = [_Counting(), _Counting()]
    async with (
        serve(counters[0]) as one,
        serve(counters[1]) as other,
        connect_to(f"ipv4:127.0.0.1:{one.port},127.0.0.1:{other.port}") as channel,
    ):
        stub = ScreeningServiceStub(channel)
        for _ in range(200):
            await stub.ScreenTransfers(ask())
            if min(counter.calls for counter in counters) > 5:
                break
    assert min(counter.calls for counter in counters) > 5


async def test_identity_request_id_and_trace_travel(stub, screening, ask):
    seen: dict[str, Any] = {}

    async def look() -> None:
        seen.update(caller=caller(), request_id=telemetry.request_id(), traceparent=telemetry.traceparent())
        seen.update(on_behalf_of=acting_subject())

    screening.answer = look
    with telemetry.span("request") as span, telemetry.bind_request("req-7", actor="user-9"), capture_logs() as lines:
        await stub.ScreenTransfers(ask())
        trace_id = f"{span.get_span_context().trace_id:032x}"
    assert seen["caller"].kind is ActorKind.SERVICE
    assert (seen["caller"].subject_id, seen["caller"].request_id, seen["request_id"]) == ("payments", "req-7", "req-7")
    assert seen["traceparent"].split("-")[1] == trace_id
    (line,) = [line for line in lines if line["event"] == "rpc"]
    assert line["name"] == "/elcorp.compliance.v1.ScreeningService/ScreenTransfers"
    assert (line["outcome"], line["caller"]) == ("ok", "payments")
    assert seen["on_behalf_of"] == "user-9"


async def test_a_long_request_id_is_truncated(plain_stub, screening, ask):
    seen: list[str] = []

    async def look() -> None:
        seen.extend((caller().request_id, telemetry.request_id()))

    screening.answer = look
    metadata = (("x-elcorp-service", "payments"), ("x-request-id", "r" * 200))
    await plain_stub.ScreenTransfers(ask(), metadata=metadata)
    assert seen == ["r" * 128] * 2


async def test_a_long_name_of_the_subject_of_a_call_is_truncated(plain_stub, screening, ask):
    seen: list[str] = []

    async def look() -> None:
        seen.append(acting_subject())

    screening.answer = look
    for name in ("user-9", "a" * 64, "a" * 65):
        await plain_stub.ScreenTransfers(ask(), metadata=(("x-elcorp-service", "payments"), ("x-elcorp-actor", name)))
    assert seen == ["user-9", "a" * 64, "a" * 64]


def test_outside_a_call_there_is_no_caller():
    with pytest.raises(UnknownCaller):
        caller()


def test_a_peer_that_the_settings_do_not_name_is_refused():
    class Lonely(ServiceSettings):
        NAME = "governance"

    with pytest.raises(UndeclaredPeerError):
        connect(Lonely(), "compliance")


@pytest.mark.parametrize("peer", ["identity", "governance", "compliance"])
def test_service_configs_contain_no_timeout_and_retry_only_repeatable_methods(peer):
    config = json.loads(service_config(services_of(peer)))
    assert "timeout" not in json.dumps(config)
    assert config["loadBalancingConfig"] == [{"round_robin": {}}]
    assert config["methodConfig"][0]["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]


def test_a_method_without_idempotency_level_is_never_retried():
    file = descriptor_pb2.FileDescriptorProto(
        name="t.proto", package="t", message_type=[descriptor_pb2.DescriptorProto(name="M")]
    )
    service = file.service.add(name="S")
    service.method.add(name="Write", input_type=".t.M", output_type=".t.M")
    read = service.method.add(name="Read", input_type=".t.M", output_type=".t.M")
    read.options.idempotency_level = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    put = service.method.add(name="Put", input_type=".t.M", output_type=".t.M")
    put.options.idempotency_level = descriptor_pb2.MethodOptions.IDEMPOTENT
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    config = json.loads(service_config([pool.FindServiceByName("t.S")]))
    assert [method["name"] for method in config["methodConfig"]] == [
        [{"service": "t.S", "method": "Read"}, {"service": "t.S", "method": "Put"}]
    ]
    assert config["healthCheckConfig"] == {"serviceName": "t.S"}


class _Counting:
    def __init__(self) -> None:
        self.calls = 0

    async def ScreenTransfers(self, request, context):  # noqa: N802  # gRPC's name
        self.calls += 1
        return compliance_pb2.ScreenTransfersResponse()
