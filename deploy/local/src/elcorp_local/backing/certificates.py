"""The certificate of PostgreSQL, RabbitMQ and Redis for connections by TLS."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerCertificates:
    """PEM files for all three servers: a certificate, its key, and the authority that signed it.

    The certificate must contain the names by which clients connect; the URLs of `Backing` have 127.0.0.1. With `tls_only` no
    server accepts connections without TLS.
    """

    certificate: Path
    key: Path
    authority: Path
    tls_only: bool = False
