"""HTTP code shared by the services and the gateway: security headers, metric labels, the access log line."""

from typing import Final

from chassis.telemetry import canonical

# Our own API. What is outside has the form of a standard or of a page.
API_BASE: Final = "/api/v1"
# The status in log and metrics of a request whose client disconnected before the response.
CLIENT_GONE: Final = 499
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

CONTENT_SECURITY_POLICY: Final = (
    b"content-security-policy",
    b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
)
# The same for the API and pages; only the content security policy differs.
SECURITY: Final = (
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NO_STORE: Final = (b"cache-control", b"no-store")
# A response of this type is a stream that lasts for minutes; the gateway counts it apart from requests.
EVENT_STREAM_TYPE: Final = "text/event-stream"


def method_label(method: str) -> str:
    """Return the method as a metric label; all unknown methods share one label."""
    return method if method in _METHODS else "OTHER"


def log_request(name: str, *, outcome: str, seconds: float, status: int, actor: str | None, ip: str, **fields: object) -> None:
    """Write the access log line of a request. `fields` must not include the query string, which may contain people's names."""
    canonical(kind="request", name=name, outcome=outcome, duration_ms=seconds * 1000, status=status, actor=actor, ip=ip, **fields)
