"""Traces: ids always, recorded spans only with a collector."""

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from random import getrandbits
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.util import types

# OpenTelemetry's default limit per span.
LINKS_MAX = 128

# W3C Trace Context, level 2: version 00 ends after the flags, later versions may have more fields.
_TRACEPARENT: Final = re.compile(r"(?!ff)(?P<v>[0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?P<more>-.*)?")


class _IdentityTracer(trace.Tracer):
    """Creates spans with ids only: without a collector, recording is useless work."""

    def start_span(self, name: str, context: otel_context.Context | None = None, *_: Any, **__: Any) -> Span:  # noqa: ARG002
        parent = trace.get_current_span(context).get_span_context()
        trace_id = parent.trace_id if parent.is_valid else getrandbits(128)
        flags = parent.trace_flags if parent.is_valid else TraceFlags(TraceFlags.DEFAULT)
        return NonRecordingSpan(SpanContext(trace_id, getrandbits(64), is_remote=False, trace_flags=flags))

    def start_as_current_span(  # type: ignore[override]  # the interface names a private class as what it returns
        self, name: str, context: otel_context.Context | None = None, *_: Any, **__: Any
    ) -> AbstractContextManager[Span]:
        return _Current(self.start_span(name, context))


class _Current:
    """Makes a span current for a block, like `trace.use_span` without the work for recording spans."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Span:
        self._token = otel_context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(self, *_: object) -> None:
        otel_context.detach(self._token)


class _Tracing:
    """The process's tracer; it creates ids only, until `setup_traces`."""

    tracer: trace.Tracer = _IdentityTracer()
    provider: Any = None


def setup_traces(name: str, environment: str, endpoint: str | None) -> None:
    """Export spans to an OTLP/HTTP endpoint ("http://collector:4318"); record nothing without one."""
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # 20 MB, one thread
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": name, "deployment.environment.name": environment}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4096, export_timeout_millis=5000))
    _Tracing.provider = provider
    _Tracing.tracer = provider.get_tracer("elcorp")


def shut_down_traces() -> None:
    """Flush and stop the exporter, if there is one."""
    if _Tracing.provider:
        _Tracing.provider.shutdown()
    _Tracing.provider = None
    _Tracing.tracer = _IdentityTracer()


def tracer() -> trace.Tracer:
    return _Tracing.tracer


def traceparent() -> str | None:
    """Return the current span as a W3C `traceparent`; None outside any span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def trace_id() -> str:
    """Return the id of the current trace; "" outside any span."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: types.AttributeValue) -> Iterator[Span]:
    """Run the block in a span of the current trace, or of a new one."""
    with tracer().start_as_current_span(name, kind=kind, attributes=attributes) as current:
        yield current


@contextmanager
def linked_trace(
    senders: Iterable[str | None], name: str, *, kind: SpanKind = SpanKind.CONSUMER, **attributes: types.AttributeValue
) -> Iterator[Span]:
    """Run the block in a new trace that is linked to the senders' traces (`traceparent`s), at most 128.

    For messages, which may be handled long after they were sent, more than once, and together with others.
    """
    contexts = (_sender(parent) for parent in senders)
    links = [Link(context) for context in islice((context for context in contexts if context.is_valid), LINKS_MAX)]
    with tracer().start_as_current_span(name, otel_context.Context(), kind=kind, links=links, attributes=attributes) as current:
        yield current


def continue_trace(
    parent: str | None,
    name: str,
    *,
    kind: SpanKind = SpanKind.SERVER,
    **attributes: types.AttributeValue,
) -> AbstractContextManager[Span]:
    """Run the block in a child span of the received `traceparent`; start a new trace if it is missing or malformed."""
    return tracer().start_as_current_span(name, _remote(parent), kind=kind, attributes=attributes)


def _remote(parent: str | None) -> otel_context.Context:
    context = _sender(parent)
    return trace.set_span_in_context(NonRecordingSpan(context), _NOWHERE) if context.is_valid else _NOWHERE


def _sender(parent: str | None) -> SpanContext:
    read = _TRACEPARENT.fullmatch(parent) if parent else None
    if read is None or (read["v"] == "00" and read["more"]):
        return trace.INVALID_SPAN_CONTEXT
    return SpanContext(int(read[2], 16), int(read[3], 16), is_remote=True, trace_flags=TraceFlags(int(read[4], 16)))


_NOWHERE: Final = otel_context.Context()
