"""What a process tells about itself: log lines, traces, metrics.

Traces always exist and always travel (W3C `traceparent`), so that log lines of one journey can be joined; they are
exported only where an OTLP endpoint is set.
"""

from typing import TYPE_CHECKING, TextIO

from chassis.telemetry.context import bind_request, request_id
from chassis.telemetry.logs import canonical, log, setup_logs
from chassis.telemetry.traces import continue_trace, linked_trace, setup_traces, shut_down_traces, span, traceparent, tracer

if TYPE_CHECKING:
    from chassis.settings import ProcessSettings

__all__ = [
    "bind_request",
    "canonical",
    "continue_trace",
    "linked_trace",
    "log",
    "request_id",
    "setup",
    "shut_down",
    "span",
    "traceparent",
    "tracer",
]


def setup(name: str, settings: "ProcessSettings", *, stream: TextIO | None = None) -> None:
    """Set the process up as `name` ("payments-serve"); once, before anything logs. Lines go to stdout unless told."""
    setup_logs(name, settings.log_level, stream)
    setup_traces(name, settings.environment, settings.otlp_endpoint)


def shut_down() -> None:
    """Send what spans are still held; the last thing a process does."""
    shut_down_traces()
