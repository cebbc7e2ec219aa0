"""URLs of PostgreSQL, RabbitMQ and Redis by which clients connect over TLS only, to a server that proves its name."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Client:
    """How the client library of one kind of server reads TLS from its URL."""

    schemes: tuple[str, ...]
    # The parameter that names the file with the authority's certificates.
    authority: str
    # Parameters that make it verify the certificate and the host name.
    strict: Mapping[str, str] = field(default_factory=dict)
    # Parameters that would widen or turn off what is verified.
    refused: frozenset[str] = frozenset()


POSTGRES = Client(
    schemes=("postgresql", "postgres"),
    authority="sslrootcert",
    # Where libpq finds Kerberos credentials, it encrypts with these instead of TLS, unless gssencmode forbids it.
    strict={"sslmode": "verify-full", "gssencmode": "disable"},
)
RABBITMQ = Client(schemes=("amqps",), authority="cafile", refused=frozenset({"no_verify_ssl", "capath", "cadata"}))
REDIS = Client(
    schemes=("rediss",),
    authority="ssl_ca_certs",
    strict={"ssl_cert_reqs": "required", "ssl_check_hostname": "true"},
    refused=frozenset({"ssl_ca_path", "ssl_ca_data", "ssl_include_verify_flags", "ssl_exclude_verify_flags"}),
)


def verified(url: str, client: Client, authority: Path) -> str:
    """Return the URL with the parameters that make its client verify the server; a URL that has them is returned unchanged.

    Raises ValueError, without the URL's secrets, for a URL without TLS and for one that asks for another verification: correcting
    it would hide that its author expected another connection.
    """
    parts = urlsplit(url)
    if parts.scheme not in client.schemes:
        raise ValueError(f"must begin with {client.schemes[0]}://, not {parts.scheme}://: connections use TLS")
    # Libraries disagree on where such a URL's parameters begin, so they could misread the parameters that are added here.
    if parts.fragment or "@" in parts.query:
        raise ValueError("must have ?, # and @ in its user name, password and parameters percent-encoded")
    given = parse_qsl(parts.query, keep_blank_values=True)
    wanted = {**client.strict, client.authority: str(authority)}
    for name, value in given:
        if name in client.refused or wanted.get(name, value) != value:
            raise ValueError(f"must not set {name}: ELCORP_BACKING_CA_FILE decides how the server is verified")
    missing = {name: value for name, value in wanted.items() if name not in dict(given)}
    added = urlencode(missing, safe="/", quote_via=quote)
    return f"{url.partition('?')[0]}?{'&'.join(filter(None, (parts.query, added)))}"


def trusting(authority: str) -> ssl.SSLContext:
    """Make a context that trusts the authorities in a file and no other; raises OSError with the file's name."""
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise OSError(f"no authority of certificates in {authority}: {error}") from error


def encoded(authority: Path) -> str:
    """Return the file's path as it stands at the end of a verified URL."""
    return quote(str(authority), safe="/")
