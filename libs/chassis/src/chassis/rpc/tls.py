"""Mutual TLS between services, where certificates are mounted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import grpc

from chassis.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Tls:
    """One certificate for both directions (server and client usage), its key, and the authority that signs the peers'."""

    certificate: bytes
    key: bytes
    authority: bytes

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self | None:
        """Read the files that the settings name; None when they name none."""
        files = (settings.tls_cert_file, settings.tls_key_file, settings.tls_ca_file)
        if not any(files):
            return None
        certificate, key, authority = (_read(path) for path in files)
        return cls(certificate, key, authority)

    def server_credentials(self) -> grpc.ServerCredentials:
        return grpc.ssl_server_credentials([(self.key, self.certificate)], self.authority, require_client_auth=True)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.authority, self.key, self.certificate)


def _read(path: Path | None) -> bytes:
    if path is None:
        raise ValueError("ELCORP_TLS_CERT_FILE, ELCORP_TLS_KEY_FILE and ELCORP_TLS_CA_FILE are set together or not at all")
    return path.read_bytes()
