"""Log lines: JSON on stdout, one canonical line a request, RPC, message or job."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import Processor

from chassis.telemetry.redaction import redact

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# Libraries that tell on INFO what our own lines already say, or on WARNING what we retry and report ourselves.
_QUIET = {
    "psycopg": logging.ERROR,
    "psycopg.pool": logging.ERROR,
    "grpc": logging.ERROR,
    "grpc._cython.cygrpc": logging.CRITICAL,
    "aiohttp.client": logging.ERROR,
    "aio_pika": logging.ERROR,
    "aiormq": logging.CRITICAL,
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "procrastinate": logging.WARNING,
    # Each job has its own line, and this one would write its arguments.
    "procrastinate.worker": logging.CRITICAL,
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
    "opentelemetry": logging.ERROR,
}


def setup_logs(name: str, level: str, stream: TextIO | None = None) -> None:
    """Send our lines and the libraries' to one place, as JSON; `level` is "debug" to "error"."""
    out = stream or sys.stdout
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _AddService(name),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, redact, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(allow=()), _add_library],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, _render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    for library, quiet in _QUIET.items():
        logging.getLogger(library).setLevel(quiet)


def canonical(*, kind: str, name: str, outcome: str, duration_ms: float, **fields: object) -> None:
    """Write the one line that tells how a request, RPC, message or job went.

    `kind` is "request", "rpc", "call", "message" or "job"; `name` what was asked ("POST /api/v1/transfers");
    `outcome` "ok", or the code of the error.
    """
    log.info(kind, name=name, outcome=outcome, duration_ms=round(duration_ms, 2), **fields)


class _AddService:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        fields.setdefault("service", self._name)
        return fields


def _add_trace(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        fields["trace_id"] = trace.format_trace_id(context.trace_id)
    return fields


def _add_library(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if record := fields.get("_record"):
        fields["library"] = record.name
    return fields


def _render(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> str:
    return orjson.dumps(dict(fields), default=str, option=orjson.OPT_NON_STR_KEYS).decode()
