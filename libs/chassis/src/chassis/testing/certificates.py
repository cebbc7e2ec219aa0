"""A certificate authority for tests, its certificates, and files that are replaced as in a cluster."""

import asyncio
import datetime as dt
import ipaddress
import struct
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chassis.testing.mounted import MountedFiles

_HOUR = dt.timedelta(hours=1)
# By the middle part of the setting's name: tls_<part>_file.
_FILES = {"cert": "tls.crt", "key": "tls.key", "ca": "ca.crt"}
# PostgreSQL's SSLRequest, which a client sends first to start TLS.
_POSTGRES_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes
    serial: int


class Authority:
    """Signs certificates and writes them to `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "ca.pem"
        self.renew()

    def renew(self) -> None:
        """Replace the authority's own certificate with another one for the same key."""
        self.certificate = self._certify("authority", self.key.public_key(), self.key, None, _HOUR)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        self.file.write_bytes(self.pem)

    def issue(self, *names: str) -> dict[str, Path]:
        """Issue a certificate for servers and clients, and return it as settings; its common name is always "payments".

        `names` are its subject alternative names: DNS names, IP addresses or URIs.
        """
        issued = self.certify(*names)
        stem = self.folder / str(issued.serial)
        cert_file, key_file = stem.with_suffix(".pem"), stem.with_suffix(".key")
        cert_file.write_bytes(issued.certificate)
        key_file.write_bytes(issued.key)
        return {"tls_cert_file": cert_file, "tls_key_file": key_file, "tls_ca_file": self.file}

    def certify(self, *names: str, lifetime: dt.timedelta = _HOUR) -> Issued:
        """Issue a certificate that is valid since a minute ago; with a negative lifetime it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certify("payments", key.public_key(), self.key, names, lifetime)
        return Issued(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
            certificate.serial_number,
        )

    def _certify(
        self,
        name: str,
        public_key: ec.EllipticCurvePublicKey,
        signer: ec.EllipticCurvePrivateKey,
        names: Sequence[str] | None,
        lifetime: dt.timedelta,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        begins = now - dt.timedelta(minutes=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(begins, now + lifetime - _HOUR))
            .not_valid_after(now + lifetime)
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
            # RFC 5280 requires these extensions, and Python 3.13 refuses certificates without them. Two authorities with the
            # same name are distinguished by their keys.
            .add_extension(_key_usage(signs=names is None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if names is not None:
            usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False)
        return builder.sign(signer, hashes.SHA256())


class MountedSecret(MountedFiles):
    """The Secret of a certificate."""

    def __init__(self, folder: Path, issued: Issued, authorities: bytes) -> None:
        super().__init__(folder)
        self.put(issued, authorities)

    @property
    def settings(self) -> dict[str, Path]:
        return {f"tls_{part}_file": self.folder / file for part, file in _FILES.items()}

    def put(self, issued: Issued, authorities: bytes) -> None:
        self.put_files({"tls.crt": issued.certificate, "tls.key": issued.key, "ca.crt": authorities})


def _general_name(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


async def presented_serial(host: str, port: int, context: SSLContext, *, is_postgres: bool = False) -> int:
    """Return the serial number of the certificate that a server presents to a new connection.

    Raises OSError if the server refuses the client's certificate; with PostgreSQL that is not detected.
    """
    reader, writer = await asyncio.open_connection(host, port)
    with closing(writer):
        if is_postgres:
            writer.write(_POSTGRES_SSL_REQUEST)
            await reader.readexactly(1)
        await writer.start_tls(context, server_hostname=host)
        presented = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        # A server checks the client's certificate after the handshake; an HTTP/2 server that accepts it then sends its settings.
        if not is_postgres and not await reader.read(1):
            raise ConnectionResetError
    return x509.load_der_x509_certificate(presented).serial_number
