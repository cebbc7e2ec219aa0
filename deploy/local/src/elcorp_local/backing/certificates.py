"""The certificate that PostgreSQL, RabbitMQ and Redis present when they take connections by TLS."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerCertificates:
    """PEM files of one certificate for all three servers: itself, its key, and the authority that signed it.

    It must be for the names by which clients know the servers; the URLs of `Backing` say 127.0.0.1. With `tls_only` no server
    takes a connection without TLS.
    """

    certificate: Path
    key: Path
    authority: Path
    tls_only: bool = False
