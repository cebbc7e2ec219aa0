"""URLs of PostgreSQL, RabbitMQ and Redis: their form, and how clients connect only over TLS and verify the server's name."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

# A name or an address. libpq also accepts lists of hosts, and reads an empty host or a path as a Unix socket.
_HOST = re.compile(r"[\w.:-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Client:
    """How the client library of one kind of server reads TLS from its URL."""

    schemes: tuple[str, ...]
    # Schemes of connections without TLS, where those are allowed.
    plain_schemes: tuple[str, ...]
    # The parameter that names the file with the authority's certificates.
    authority: str
    # Parameters that make it verify the certificate and the host name.
    strict: Mapping[str, str] = field(default_factory=dict)
    # Parameters that must have this value if they are given.
    fixed: Mapping[str, str] = field(default_factory=dict)
    # Parameters that do not affect verification. Others are refused: libraries have several names for one parameter, and
    # releases add more.
    allowed: frozenset[str] = frozenset()


POSTGRES = Client(
    schemes=("postgresql", "postgres"),
    plain_schemes=("postgresql", "postgres"),
    authority="sslrootcert",
    # If libpq finds Kerberos credentials, it encrypts with them instead of TLS unless gssencmode disables that.
    strict={"sslmode": "verify-full", "gssencmode": "disable"},
    fixed={"channel_binding": "require"},
    allowed=frozenset(
        {
            "application_name",
            "connect_timeout",
            "keepalives",
            "keepalives_count",
            "keepalives_idle",
            "keepalives_interval",
            "sslcert",
            "sslcrl",
            "sslkey",
            "target_session_attrs",
            "tcp_user_timeout",
        }
    ),
)
RABBITMQ = Client(
    schemes=("amqps",),
    plain_schemes=("amqp", "amqps"),
    authority="cafile",
    allowed=frozenset({"heartbeat", "name", "timeout"}),
)
REDIS = Client(
    schemes=("rediss",),
    plain_schemes=("redis", "rediss"),
    authority="ssl_ca_certs",
    strict={"ssl_cert_reqs": "required", "ssl_check_hostname": "true"},
    allowed=frozenset(
        {
            "client_name",
            "db",
            "health_check_interval",
            "max_connections",
            "protocol",
            "socket_connect_timeout",
            "socket_keepalive",
            "socket_timeout",
            "timeout",
        }
    ),
)


def verified(url: str, client: Client, authority: Path) -> str:
    """Return the URL with the parameters that make its client verify the server, unchanged if it already has them.

    Raises ValueError, without the URL's secrets, for a URL without TLS or a host, and for parameters that could change the
    verification. Correcting them would hide that the author expected another connection.
    """
    parts = _parts(url)
    if parts.scheme not in client.schemes:
        raise ValueError(f"must begin with {client.schemes[0]}://, not {parts.scheme}://: connections use TLS")
    # Libraries disagree on where the parameters of such a URL begin, and could misread those that are added here.
    if parts.fragment or "@" in parts.query or "@" in parts.path:
        raise ValueError("must have /, ?, # and @ in its user name, password and parameters percent-encoded")
    if not all(_HOST.fullmatch(host) for host in (parts.hostname or "").split(",")):
        raise ValueError("must name a host: its name is what the server's certificate is verified for")
    given = parse_qsl(parts.query, keep_blank_values=True)
    wanted = {**client.strict, client.authority: str(authority)}
    accepted = {**client.fixed, **wanted}
    for name, value in given:
        if name not in client.allowed and accepted.get(name) != value:
            raise ValueError(f"must not set {name}: ELCORP_BACKING_CA_FILE decides how the server is verified")
    missing = {name: value for name, value in wanted.items() if name not in dict(given)}
    added = urlencode(missing, safe="/", quote_via=quote)
    return f"{url.partition('?')[0]}?{'&'.join(filter(None, (parts.query, added)))}"


def require_form(url: str, client: Client) -> None:
    """Raise ValueError, without the URL's secrets, for a URL that the client cannot use."""
    parts = _parts(url)
    if parts.scheme not in client.plain_schemes:
        raise ValueError(f"must begin with {client.plain_schemes[0]}://")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Reading the port fails if it is not a number from 0 to 65535.
        _ = parts.port
    except ValueError:
        # The exception's text contains the user name and the password.
        raise ValueError(
            "cannot be parsed: the port must be a number, and non-ASCII characters, brackets, / and : in the user name and "
            "password must be percent-encoded"
        ) from None
    return parts


def trusting(authority: str) -> ssl.SSLContext:
    """Make a context that trusts only the authorities in a file; raises OSError, which names the file."""
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise OSError(f"no certificate authority in {authority}: {error}") from error
