"""The span, the metric and the log line of each request."""

from functools import cache
from typing import Any, Final

from prometheus_client import Histogram
from starlette.types import Scope

from chassis.http import log_request, method_label
from chassis.rest.context import RequestContext
from chassis.telemetry.metrics import BUCKETS_SECONDS

_SERVED: Final = Histogram("http_server_seconds", "REST requests served.", ("method", "route", "status"), buckets=BUCKETS_SECONDS)
# Streams last for minutes by design, so they would hide how fast requests are.
_STREAMED: Final = Histogram(
    "event_stream_seconds", "Event streams by route.", ("route", "status"), buckets=(1, 10, 60, 300, 900)
)
# Requested every few seconds by probes; they would flood the log.
UNOBSERVED: Final = frozenset({"/healthz"})


def finish(scope: Scope, context: RequestContext, status: int, seconds: float) -> None:
    """Count and log a completed request."""
    method = method_label(scope["method"])
    template = getattr(scope.get("route"), "path_format", None) or "unmatched"
    if context.is_stream:
        _STREAMED.labels(template, status).observe(seconds)
    else:
        _series(method, template, status).observe(seconds)
    actor = context.actor
    log_request(
        f"{method} {template}",
        outcome=context.error_code or "ok",
        seconds=seconds,
        status=status,
        actor=actor.subject_id if actor else None,
        ip=context.ip,
        **({"replayed": True} if context.replayed else {}),
    )


# Bounded by the number of our routes, methods and statuses.
@cache
def _series(method: str, template: str, status: int) -> Any:
    return _SERVED.labels(method, template, status)
