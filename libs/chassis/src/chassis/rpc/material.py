"""A certificate, its key and the peers' authorities, read from files and checked to match."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chassis.process_settings import SettingRefused

# Each file's inode number, time and size; None for a missing file. A Secret that Kubernetes replaces has new inode numbers.
State = tuple[tuple[int, int, int] | None, ...]
_BEGIN = b"-----BEGIN CERTIFICATE-----"


class UnfitCertificateError(SettingRefused):
    """The files do not contain a presently valid certificate, its key and an authority."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a certificate, its key and the peers' authorities; the second authority's file may be missing."""

    certificate: Path
    key: Path
    authority: Path
    other_authority: Path | None = None

    def state(self) -> State:
        """Return a value that changes when a file is replaced."""
        files = (self.certificate, self.key, self.authority, self.other_authority)
        return tuple(_state(path) for path in files if path)


@dataclass(frozen=True, slots=True)
class Material:
    """One certificate for server and client usage, its key, and the authorities of the peers' certificates."""

    certificate: bytes
    key: bytes
    authorities: bytes
    expires_at: datetime

    @classmethod
    def read(cls, files: Files, *, at: datetime) -> Self:
        """Read the files; raises UnfitCertificateError if their contents cannot be used at that time."""
        try:
            certificate, key, authorities = files.certificate.read_bytes(), files.key.read_bytes(), _authorities(files)
            leaf = x509.load_pem_x509_certificate(certificate)
            fits = leaf.public_key() == load_pem_private_key(key, password=None).public_key()
            loaded = x509.load_pem_x509_certificates(authorities)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
            raise UnfitCertificateError(f"{files.certificate} or a file that belongs to it cannot be read: {error}") from error
        # During the replacement of a Secret, the certificate may be the old one and the key the new one.
        if not fits:
            raise UnfitCertificateError(f"{files.key} is not the key of {files.certificate}")
        # Parsers skip an incomplete certificate, and peers with certificates of that authority would be refused.
        if len(loaded) < authorities.count(_BEGIN):
            raise UnfitCertificateError(f"{files.authority} or the other authority's file has an incomplete certificate")
        if not leaf.not_valid_before_utc <= at < leaf.not_valid_after_utc:
            period = f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ} to {leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
            raise UnfitCertificateError(f"{files.certificate} is valid from {period}, which is not now")
        return cls(certificate, key, authorities, leaf.not_valid_after_utc)

    def server_configuration(self) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([(self.key, self.certificate)], self.authorities)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.authorities, self.key, self.certificate)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _authorities(files: Files) -> bytes:
    authority = files.authority.read_bytes()
    if files.other_authority and files.other_authority.exists():
        return authority + b"\n" + files.other_authority.read_bytes()
    return authority
