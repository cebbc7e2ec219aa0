"""Mutual TLS with certificates made on the spot."""

import datetime as dt

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.rpc import RemoteError, RemoteUnavailable, Tls
from elcorp.compliance.v1.compliance_pb2_grpc import ScreeningServiceStub
from kernel.errors import Kind


class Authority:
    def __init__(self, folder) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._certify("authority", self.key.public_key(), self.key, None)
        self.file = folder / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, *names: str) -> dict[str, object]:
        """Issue a certificate for alternative names; its common name is always that of payments."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certify("payments", key.public_key(), self.key, names)
        stem = self.folder / str(certificate.serial_number)
        cert_file, key_file = stem.with_suffix(".pem"), stem.with_suffix(".key")
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return {"tls_cert_file": cert_file, "tls_key_file": key_file, "tls_ca_file": self.file}

    def _certify(self, name, public_key, signer, names) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False)
        return builder.sign(signer, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(name) if "://" in name else x509.DNSName(name)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
async def tls_server(authority, serve, screening):
    files = authority.issue("compliance", "localhost")
    tls = Tls(files["tls_cert_file"].read_bytes(), files["tls_key_file"].read_bytes(), files["tls_ca_file"].read_bytes())
    async with serve(screening, tls=tls, health_port=0) as server:
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
async def test_a_service_cannot_pass_for_another(authority, tls_server, connect_to, screening, ask, name):
    async with connect_to(f"localhost:{tls_server.port}", **authority.issue(name)) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    assert screening.calls == 0


async def test_a_service_that_the_contract_does_not_name_is_refused_under_its_own_certificate(
    authority, tls_server, connect_to, screening, ask, unnamed
):
    files = authority.issue("governance")
    async with connect_to(f"localhost:{tls_server.port}", caller=unnamed, **files) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert (caught.value.kind, caught.value.code) == (Kind.DENIED, "ACC_001")
    assert screening.calls == 0


async def test_a_caller_that_is_not_named_gains_nothing_by_the_certificate_of_one_that_is(
    authority, tls_server, connect_to, screening, ask, unnamed
):
    files = authority.issue("payments")
    async with connect_to(f"localhost:{tls_server.port}", caller=unnamed, **files) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    assert screening.calls == 0


async def test_a_certificate_without_alternative_names_certifies_nobody(authority, tls_server, connect_to, screening, ask):
    async with connect_to(f"localhost:{tls_server.port}", **authority.issue()) as channel:
        with pytest.raises(RemoteError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    assert screening.calls == 0


async def test_without_a_certificate_nobody_gets_in(tls_server, connect_to, ask):
    async with connect_to(f"localhost:{tls_server.port}") as channel:
        with pytest.raises(RemoteUnavailable):
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)


async def test_a_stranger_s_certificate_is_refused(tls_server, connect_to, ask, tmp_path_factory):
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    async with connect_to(f"localhost:{tls_server.port}", **stranger.issue("payments")) as channel:
        with pytest.raises(RemoteUnavailable):
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), timeout=60)


async def test_probes_find_health_in_plain_text_and_nothing_else(tls_server, ask):
    async with aio.insecure_channel(f"127.0.0.1:{tls_server.health_port}") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(aio.AioRpcError) as caught:
            await ScreeningServiceStub(channel).ScreenTransfers(ask(), metadata=(("x-elcorp-service", "payments"),))
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_half_a_configuration_is_refused(authority):
    from chassis.settings import ServiceSettings  # noqa: PLC0415

    with pytest.raises(ValueError, match="together"):
        Tls.of(ServiceSettings(tls_cert_file=authority.file))
