"""Mutual TLS with certificates created for the test."""

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.rpc import RemoteError, RemoteUnavailable, Tls
from chassis.settings import ServiceSettings
from chassis.testing.certificates import Authority
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub
from kernel.errors import Kind


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
async def tls_server(authority, serve, screening):
    files = authority.issue("compliance", "localhost")
    async with serve(screening, tls=Tls.of(ServiceSettings(**files)), health_port=0) as server:
        yield server


@pytest.mark.parametrize(
    "names",
    [
        ("payments",),
        ("payments-grpc", "payments"),
        ("payments.elcorp",),
        ("payments.elcorp.svc",),
        ("payments.elcorp.svc.cluster.local",),
        ("spiffe://elcorp.na/payments",),
    ],
    ids=lambda names: names[-1],
)
async def test_a_service_calls_with_its_own_certificate(authority, tls_server, connect_to, ask, names):
    async with connect_to(f"localhost:{tls_server.port}", **authority.issue(*names)) as channel:
        assert (await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)).verdicts[0].clear


@pytest.mark.parametrize(
    "name",
    [
        "gateway",
        "pay",
        "payments2",
        "payments-evil",
        "payments-grpc",
        "evil-payments",
        "payments.evil",
        "evil.payments",
        "payments.evil.svc.cluster.local",
        "payments.elcorp.svc.cluster.local.evil",
        "evil.payments.elcorp.svc.cluster.local",
        "spiffe://evil.example/payments",
        "spiffe://elcorp.na/payments-evil",
        "spiffe://elcorp.na/payments/evil",
        "spiffe://elcorp.na/evil/payments",
        "https://elcorp.na/payments",
    ],
)
async def test_a_service_cannot_pretend_to_be_another(authority, tls_server, connect_to, screening, ask, name):
    async with connect_to(f"localhost:{tls_server.port}", **authority.issue(name)) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    assert screening.calls == 0


async def test_a_service_missing_in_the_contract_is_refused_with_its_own_certificate(
    authority, tls_server, connect_to, screening, ask, unnamed
):
    files = authority.issue("governance")
    async with connect_to(f"localhost:{tls_server.port}", caller=unnamed, **files) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert (caught.value.kind, caught.value.code) == (Kind.DENIED, "ACC_001")
    assert screening.calls == 0


async def test_a_caller_gains_nothing_from_another_callers_certificate(
    authority, tls_server, connect_to, screening, ask, unnamed
):
    files = authority.issue("payments")
    async with connect_to(f"localhost:{tls_server.port}", caller=unnamed, **files) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    assert screening.calls == 0


async def test_a_certificate_without_alternative_names_is_refused(authority, tls_server, connect_to, screening, ask):
    async with connect_to(f"localhost:{tls_server.port}", **authority.issue()) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    assert screening.calls == 0


async def test_a_caller_without_a_certificate_is_refused(tls_server, connect_to, ask):
    async with connect_to(f"localhost:{tls_server.port}") as channel:
        with pytest.raises(RemoteUnavailable):
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)


async def test_a_certificate_of_another_authority_is_refused(tls_server, connect_to, ask, tmp_path_factory):
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    async with connect_to(f"localhost:{tls_server.port}", **stranger.issue("payments")) as channel:
        with pytest.raises(RemoteUnavailable):
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)


async def test_probes_can_read_health_in_plain_text_and_nothing_else(tls_server, ask):
    async with aio.insecure_channel(f"127.0.0.1:{tls_server.health_port}") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(aio.AioRpcError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), metadata=(("x-elcorp-service", "payments"),))
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_incomplete_configuration_is_refused(authority):
    with pytest.raises(ValueError, match="mutual TLS needs all of certificate, key and authority, or none"):
        Tls.of(ServiceSettings(tls_cert_file=authority.file))
