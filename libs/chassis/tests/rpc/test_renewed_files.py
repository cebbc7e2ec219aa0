"""Which files a process accepts as its certificate, and when it reads them."""

import ssl
from datetime import timedelta

import pytest
from cryptography import x509
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from chassis.rpc import Tls
from chassis.rpc.material import UnfitCertificateError
from chassis.settings import ServiceSettings
from chassis.testing.clocks import ControlledClock
from kernel.clock import SystemClock
from libs.chassis.tests.rpc.mounted_certificates import Ticks, watching


def test_files_are_checked_once_a_second(authority, watched):
    tls, mounted, ticks = watched
    first = tls.material
    mounted.put(authority.certify("payments"), authority.pem)
    ticks.at += 0.99
    assert tls.material is first
    ticks.at += 0.01
    assert tls.material is not first


def test_unchanged_files_are_not_read_again(watched):
    tls, _, ticks = watched
    first = tls.material
    ticks.at += 1
    assert tls.material is first


def half_replaced(authority):
    files = _files(authority.certify("payments"), authority)
    return files | {"tls.key": authority.certify("payments").key}


def without_a_key(authority):
    files = _files(authority.certify("payments"), authority)
    del files["tls.key"]
    return files


def unreadable(authority):
    return _files(authority.certify("payments"), authority) | {"tls.crt": b"-----BEGIN CERTIFICATE-----\n"}


def without_authorities(authority):
    return _files(authority.certify("payments"), authority) | {"ca.crt": b""}


def expired(authority):
    return _files(authority.certify("payments", lifetime=timedelta(seconds=-1)), authority)


def of_another_version(authority):
    return _changed(authority, b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09")


def with_a_key_of_an_unknown_kind(authority):
    # The identifier of elliptic-curve keys (1.2.840.10045.2.1), and an adjacent one.
    return _changed(authority, b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2a\x86\x48\xce\x3d\x02\x7f")


def with_half_an_authority(authority):
    return _files(authority.certify("payments"), authority) | {"ca.crt": authority.pem + authority.pem[:200]}


def _changed(authority, part, other):
    files = _files(authority.certify("payments"), authority)
    der = ssl.PEM_cert_to_DER_cert(files["tls.crt"].decode())
    assert part in der
    return files | {"tls.crt": ssl.DER_cert_to_PEM_cert(der.replace(part, other, 1)).encode()}


def _files(issued, authority):
    return {"tls.crt": issued.certificate, "tls.key": issued.key, "ca.crt": authority.pem}


UNFIT = pytest.mark.parametrize(
    "unfit",
    [
        half_replaced,
        without_a_key,
        unreadable,
        without_authorities,
        expired,
        of_another_version,
        with_a_key_of_an_unknown_kind,
        with_half_an_authority,
    ],
)


@UNFIT
def test_unusable_files_change_nothing_until_they_are_replaced(authority, watched, unfit):
    tls, mounted, ticks = watched
    first = tls.material
    mounted.put_files(unfit(authority))
    with capture_logs() as lines:
        for _ in range(3):
            ticks.at += 1
            assert tls.material is first
        renewed = authority.certify("payments")
        mounted.put(renewed, authority.pem)
        ticks.at += 1
        assert tls.material.certificate == renewed.certificate
    assert [line["event"] for line in lines] == ["certificate_not_taken", "certificate_renewed"]


def test_a_certificate_that_is_not_valid_yet_is_used_once_it_is(authority, mount):
    mounted, ticks, clock = mount("client"), Ticks(), ControlledClock(SystemClock().now())
    tls = watching(mounted, ticks, clock)
    renewed = authority.certify("payments")
    mounted.put(renewed, authority.pem)
    clock.advance(seconds=-120)
    ticks.at += 1
    assert tls.material.certificate != renewed.certificate
    clock.advance(seconds=120)
    ticks.at += 1
    assert tls.material.certificate == renewed.certificate


@UNFIT
def test_no_process_starts_with_unusable_files(authority, mount, unfit):
    mounted = mount("client")
    mounted.put_files(unfit(authority))
    with pytest.raises(UnfitCertificateError):
        Tls.of(ServiceSettings(**mounted.settings))


@pytest.mark.usefixtures("always_looking")
def test_the_metric_shows_when_the_current_certificate_expires(authority, mount):
    mounted = mount("client")
    Tls.of(ServiceSettings(**mounted.settings))
    for lifetime in (timedelta(hours=1), timedelta(hours=24)):
        issued = authority.certify("payments", lifetime=lifetime)
        mounted.put(issued, authority.pem)
        assert _expires(mounted) == x509.load_pem_x509_certificate(issued.certificate).not_valid_after_utc.timestamp()


def _expires(mounted):
    name = f'tls_certificate_expires_timestamp_seconds{{file="{mounted.folder / "tls.crt"}"}}'
    [line] = [line for line in generate_latest().decode().splitlines() if line.startswith(name)]
    return float(line.rpartition(" ")[2])
