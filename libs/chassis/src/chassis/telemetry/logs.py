"""Log lines: JSON on stdout, with one canonical line per request, RPC, message or job."""

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import Processor

from chassis.telemetry.context import bound_fields, merge_bound
from chassis.telemetry.redaction import is_harmless, is_plain, redact

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# Libraries whose INFO lines repeat ours, or whose WARNING lines are about failures that we retry and report.
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
    # Each job has our own line, and the library's would contain the job's arguments.
    "procrastinate.worker": logging.CRITICAL,
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
    "opentelemetry": logging.ERROR,
}


def setup_logs(name: str, level: str, stream: TextIO | None = None) -> None:
    """Send our log lines and the libraries' to one stream as JSON; `level` is "debug" to "error"."""
    out = stream or sys.stdout
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        merge_bound,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _AddService(name),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    processors = [*shared, redact, _render]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
    _Pipe.current = _Pipe(name, processors, out, is_open=number <= logging.INFO)
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
    """Write the canonical line with the outcome of a request, RPC, message or job.

    `kind` is "request", "rpc", "call", "message" or "job"; `name` the operation ("POST /api/v1/transfers"); `outcome` "ok" or
    the error's code.
    """
    fields.update(name=name, outcome=outcome, duration_ms=round(duration_ms, 2))
    pipe = _Pipe.current
    if pipe and pipe.is_in_use:
        pipe.write(kind, fields)
    else:
        log.info(kind, **fields)


class _Pipe:
    """Writes a canonical line as structlog's processors would, in one pass, because every request has one."""

    current: "_Pipe | None" = None

    def __init__(self, service: str, processors: list[Any], out: TextIO, *, is_open: bool) -> None:
        self._is_open = is_open
        self._service = service
        self._processors = processors
        self._out = out

    @property
    def is_in_use(self) -> bool:
        """Whether the processors of `setup_logs` are in use: a test that captures log lines replaces them."""
        in_use = structlog.get_config()["processors"]
        return in_use is self._processors and in_use[-1:] == [_render]

    def write(self, event: str, fields: dict[str, Any]) -> None:
        if not self._is_open:
            return
        line = {**bound_fields(), **fields, "event": event, "level": "info", "at": _now(), "service": self._service}
        _add_trace(None, "info", line)
        # Most lines have nothing to hide: check the rendered line once, rather than each field.
        if not (is_plain(line) and is_harmless(text := _render(None, "info", line))):
            text = _render(None, "info", redact(None, "info", line))
        self._out.write(text + "\n")
        self._out.flush()


def _now() -> str:
    # The format of structlog's TimeStamper(fmt="iso", utc=True).
    return datetime.now(UTC).isoformat()[:-6] + "Z"


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
