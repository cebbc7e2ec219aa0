"""What a request leaves behind: a span, a metric, one log line."""

from functools import cache
from typing import Any, Final

from prometheus_client import Histogram
from starlette.types import Scope

from chassis.rest.context import RequestContext
from chassis.telemetry import canonical
from chassis.telemetry.metrics import BUCKETS_SECONDS

_SERVED: Final = Histogram("http_server_seconds", "REST requests served.", ("method", "route", "status"), buckets=BUCKETS_SECONDS)
# Asked every few seconds by machines; they would drown the log.
UNOBSERVED: Final = frozenset({"/healthz"})
# Whatever a client makes up is one series.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def finish(scope: Scope, context: RequestContext, status: int, seconds: float) -> None:
    """Count and tell a request that has been answered."""
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    template = getattr(scope.get("route"), "path_format", None) or "unmatched"
    _series(method, template, status).observe(seconds)
    actor = context.actor
    canonical(
        kind="request",
        name=f"{method} {template}",
        outcome=context.error_code or "ok",
        duration_ms=seconds * 1000,
        status=status,
        actor=actor.subject_id if actor else None,
        ip=context.ip,
        **({"replayed": True} if context.replayed else {}),
    )


# As many as there are routes, methods and statuses of ours.
@cache
def _series(method: str, template: str, status: int) -> Any:
    return _SERVED.labels(method, template, status)
