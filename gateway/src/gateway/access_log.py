"""What a request leaves behind: a metric and one log line."""

import time
from typing import Final

from prometheus_client import Gauge, Histogram

from chassis.telemetry import canonical
from chassis.telemetry.metrics import BUCKETS_SECONDS
from gateway.proxied_request import ProxiedRequest

_REQUESTS: Final = Histogram(
    "gateway_request_seconds",
    "Requests by first path segment and outcome.",
    ("segment", "method", "status"),
    buckets=BUCKETS_SECONDS,
)
IN_FLIGHT: Final = Gauge("gateway_in_flight", "Requests on their way through.")
# Whatever a client makes up is one series.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PATH_LENGTH_MAX: Final = 200


def finish(request: ProxiedRequest) -> None:
    """Count and tell a request that has been answered, or whose client is gone."""
    seconds = time.perf_counter() - request.started
    method = request.method if request.method in _METHODS else "OTHER"
    _REQUESTS.labels(request.route, method, request.status).observe(seconds)
    path: str = request.scope["path"]
    canonical(
        kind="request",
        name=f"{method} /{request.route}",
        outcome=request.code,
        duration_ms=seconds * 1000,
        status=request.status,
        # Never the query: people put names and numbers there.
        path=path[:_PATH_LENGTH_MAX],
        actor=request.subject_id,
        ip=request.ip,
        sent_bytes=request.sent_bytes,
    )
