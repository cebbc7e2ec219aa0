"""Logs, traces and metrics of a process.

Every process creates and propagates trace ids (W3C `traceparent`), so that the log lines of one request can be joined. Spans are
exported only if an OTLP endpoint is set.
"""

from typing import TYPE_CHECKING, TextIO

from chassis.telemetry.context import bind_request, request_id
from chassis.telemetry.logs import canonical, log, setup_logs
from chassis.telemetry.traces import (
    continue_trace,
    linked_trace,
    setup_traces,
    shut_down_traces,
    span,
    trace_id,
    traceparent,
    tracer,
)

if TYPE_CHECKING:
    from chassis.process_settings import ProcessSettings

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
    "trace_id",
    "traceparent",
    "tracer",
]


def setup(name: str, settings: "ProcessSettings", *, stream: TextIO | None = None) -> None:
    """Set up telemetry of process `name` ("payments-serve"), once, before the first log line. Logs go to stdout by default."""
    setup_logs(name, settings.log_level, stream)
    setup_traces(name, settings.environment, settings.otlp_endpoint)


def shut_down() -> None:
    """Export the remaining spans. Call it last in a process."""
    shut_down_traces()
