"""The metric and the log line of each request."""

import time
from typing import Final

from prometheus_client import Gauge, Histogram

from chassis.http import log_request, method_label
from chassis.telemetry.metrics import BUCKETS_SECONDS
from gateway.proxied_request import ProxiedRequest

_REQUESTS: Final = Histogram(
    "gateway_request_seconds",
    "Requests by first path segment and outcome.",
    ("segment", "method", "status"),
    buckets=BUCKETS_SECONDS,
)
# Streams last for minutes by design, so they would hide how fast requests are.
_STREAMS: Final = Histogram(
    "gateway_stream_seconds", "Event streams by first path segment.", ("segment", "status"), buckets=(1, 10, 60, 300, 900)
)
IN_FLIGHT: Final = Gauge("gateway_in_flight", "Requests in progress.")
_PATH_LENGTH_MAX: Final = 200


def finish(request: ProxiedRequest) -> None:
    """Count and log a request that was answered, or whose client has disconnected."""
    seconds = time.perf_counter() - request.started
    method = method_label(request.method)
    if request.is_stream:
        _STREAMS.labels(request.route, request.status).observe(seconds)
    else:
        _REQUESTS.labels(request.route, method, request.status).observe(seconds)
    path: str = request.scope["path"]
    log_request(
        f"{method} /{request.route}",
        outcome=request.code,
        seconds=seconds,
        status=request.status,
        actor=request.subject_id,
        ip=request.ip,
        path=path[:_PATH_LENGTH_MAX],
        sent_bytes=request.sent_bytes,
    )
