"""What a request leaves behind: a log line, a metric, a span."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import Histogram
from starlette.types import Scope

from chassis.rest.context import RequestContext

log = structlog.get_logger()

_DURATION = Histogram(
    "http_request_duration_seconds",
    "REST requests by route template",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
# Asked every few seconds by machines; they would drown the log.
_UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})


@contextmanager
def trace(_scope: Scope, _context: RequestContext) -> Iterator[None]:
    yield


def finish(scope: Scope, context: RequestContext, status: int, seconds: float) -> None:
    path = scope["path"]
    if path in _UNLOGGED:
        return
    route = scope.get("route")
    template = getattr(route, "path_format", None) or "unmatched"
    _DURATION.labels(method=scope["method"], route=template, status=status).observe(seconds)
    log.info(
        "http", name=f"{scope['method']} {template}", status=status, duration_ms=round(seconds * 1000, 2), code=context.error_code
    )
