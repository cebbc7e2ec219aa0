"""Traces: identities always, recorded spans only where somebody collects them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from random import getrandbits
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util import types

# As many as a span may carry by OpenTelemetry's default limits.
LINKS_MAX = 128

_propagator = TraceContextTextMapPropagator()


class _IdentityTracer(trace.Tracer):
    """Spans that have ids and nothing else: without a collector a recorded span is only a cost."""

    def start_span(self, name: str, context: otel_context.Context | None = None, *_: Any, **__: Any) -> Span:  # noqa: ARG002
        parent = trace.get_current_span(context).get_span_context()
        trace_id = parent.trace_id if parent.is_valid else getrandbits(128)
        flags = parent.trace_flags if parent.is_valid else TraceFlags(TraceFlags.DEFAULT)
        return NonRecordingSpan(SpanContext(trace_id, getrandbits(64), is_remote=False, trace_flags=flags))

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # the interface names a private class as what it returns
        self, name: str, context: otel_context.Context | None = None, *_: Any, **__: Any
    ) -> Iterator[Span]:
        with trace.use_span(self.start_span(name, context)) as current:
            yield current


class _Tracing:
    """The process's tracer; identities only until `setup_traces` says otherwise."""

    tracer: trace.Tracer = _IdentityTracer()
    provider: Any = None


def setup_traces(name: str, environment: str, endpoint: str | None) -> None:
    """Export spans to an OTLP/HTTP endpoint ("http://collector:4318"); without one nothing is recorded."""
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
    """Flush and end the exporter, where there is one."""
    if _Tracing.provider:
        _Tracing.provider.shutdown()
    _Tracing.provider = None
    _Tracing.tracer = _IdentityTracer()


def tracer() -> trace.Tracer:
    return _Tracing.tracer


def traceparent() -> str | None:
    """Return the current span as a W3C `traceparent`; None outside any span."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: types.AttributeValue) -> Iterator[Span]:
    """Run the block in a span of the current trace, or of a new one."""
    with tracer().start_as_current_span(name, kind=kind, attributes=attributes) as current:
        yield current


@contextmanager
def linked_trace(
    senders: Iterable[str | None], name: str, *, kind: SpanKind = SpanKind.CONSUMER, **attributes: types.AttributeValue
) -> Iterator[Span]:
    """Run the block in a trace of its own that is linked to the traces of all senders (`traceparent`s), 128 at most.

    For messages: one may be handled long after it was sent, more than once, and together with others.
    """
    contexts = (_sender(parent) for parent in senders)
    links = [Link(context) for context in islice((context for context in contexts if context.is_valid), LINKS_MAX)]
    with tracer().start_as_current_span(name, otel_context.Context(), kind=kind, links=links, attributes=attributes) as current:
        yield current


@contextmanager
def continue_trace(
    parent: str | None,
    name: str,
    *,
    kind: SpanKind = SpanKind.SERVER,
    **attributes: types.AttributeValue,
) -> Iterator[Span]:
    """Run the block in a span whose parent came over the wire as `traceparent`; an absent or malformed one begins a trace."""
    with tracer().start_as_current_span(name, _remote(parent), kind=kind, attributes=attributes) as current:
        yield current


def _remote(parent: str | None) -> otel_context.Context:
    return _propagator.extract({"traceparent": parent} if parent else {}, otel_context.Context())


def _sender(parent: str | None) -> SpanContext:
    return trace.get_current_span(_remote(parent)).get_span_context()
