"""Renders every error in the envelope."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import orjson
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from chassis.auth.acr import ACR_MULTI_FACTOR
from chassis.errors import STATUS, as_domain_error
from chassis.http import API_BASE
from chassis.rest.context import RequestContext
from kernel.assurance import StepUpRequired
from kernel.errors import DomainError, InvalidValues, Kind

ERRORS_MAX = 20
_MESSAGE_LENGTH_MAX = 300
_BAD_REQUEST: Final = 400
_UNAUTHENTICATED: Final = 401
_UNPROCESSABLE: Final = STATUS[Kind.INVALID].http
_NOT_ALLOWED: Final = 405
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_RETRIED: Final = frozenset({429, 503})

# Errors that the framework raises before our code runs.
_HTTP: Final = {
    400: ("VAL_001", "The request could not be read."),
    404: ("RES_001", "Not found."),
    405: ("RES_005", "This method is not allowed here."),
    408: ("VAL_001", "The request body did not arrive in time."),
    413: ("VAL_003", "The request body is too large."),
    415: ("VAL_004", "The request body must be application/json."),
}


def render(exc: Exception, context: RequestContext, scope: Scope) -> Response:
    """Turn an exception into the response; sets the context's error code."""
    if isinstance(exc, RequestValidationError):
        faults = [_field_error(error) for error in exc.errors()[:ERRORS_MAX]]
        return _validation(context, "VAL_001", faults, status=_malformed(scope))
    if isinstance(exc, HTTPException) and exc.status_code in _HTTP:
        code, message = _HTTP[exc.status_code]
        return _error(context, exc.status_code, code, message, _allow(scope) if exc.status_code == _NOT_ALLOWED else {})
    error = as_domain_error(exc)
    if isinstance(error, InvalidValues):
        faults = [{"field": fault.field[:100], "message": fault.message[:_MESSAGE_LENGTH_MAX]} for fault in error.faults]
        return _validation(context, error.code, faults)
    more: dict[str, object] = {"details": details} if (details := error.details) else {}
    if error.kind is Kind.INVALID:
        fault = {"field": (error.field or "request")[:100], "message": error.message[:_MESSAGE_LENGTH_MAX]}
        return _validation(context, error.code, [fault], more=more)
    status = STATUS[error.kind].http
    if isinstance(error, StepUpRequired):
        more["step_up"] = _step_up(error)
    return _error(context, status, error.code, error.message, _headers(error, status), **more)


def _allow(scope: Scope) -> dict[str, str]:
    # The framework names only one route's methods; a path may have several routes.
    routes = scope["app"].router.routes
    methods = {method for route in routes if route.matches(scope)[0] is not Match.NONE for method in route.methods or ()}
    if "GET" in methods:
        methods.add("HEAD")
    return {"allow": ", ".join(sorted(methods))}


def _headers(error: DomainError, status: int) -> dict[str, str]:
    headers = {}
    retry_after = getattr(error, "retry_after_seconds", None)
    if retry_after is not None or status in _RETRIED:
        headers["retry-after"] = str(max(1, int(retry_after or 1)))
    if status == _UNAUTHENTICATED:
        headers["www-authenticate"] = _challenge(error) if isinstance(error, StepUpRequired) else "Bearer"
    return headers


def _challenge(error: StepUpRequired) -> str:
    """Return the WWW-Authenticate challenge of RFC 9470 section 3."""
    asked = _step_up(error)
    parts = ['error="insufficient_user_authentication"', f'error_description="{error.message}"']
    if asked["acr_values"]:
        parts.append(f'acr_values="{asked["acr_values"]}"')
    if asked["max_age"] is not None:
        parts.append(f'max_age="{asked["max_age"]}"')
    return f"Bearer {', '.join(parts)}"


def _step_up(error: StepUpRequired) -> dict[str, object]:
    acr = ACR_MULTI_FACTOR if error.facts["multi_factor"] else None
    return {"acr_values": acr, "max_age": error.facts["age_seconds_max"]}


def _error(context: RequestContext, status: int, code: str, message: str, headers: dict[str, str], **more: object) -> Response:
    body = {"status": "error", "error": message, "code": code, **more}
    return _response(context, status, code, body, headers)


def _malformed(scope: Scope) -> int:
    """Return the status of a request that has not the form of its operation: outside our own API, that of the standards."""
    return _UNPROCESSABLE if scope["path"].startswith(API_BASE) else _BAD_REQUEST


def _validation(
    context: RequestContext,
    code: str,
    errors: Sequence[dict[str, str]],
    *,
    status: int = _UNPROCESSABLE,
    more: Mapping[str, object] = _NOTHING,
) -> Response:
    body = {"status": "validation_error", "code": code, "errors": errors, **more}
    return _response(context, status, code, body, {})


def _response(context: RequestContext, status: int, code: str, body: dict[str, Any], headers: dict[str, str]) -> Response:
    context.error_code = code
    body |= {"request_id": context.request_id, "timestamp": datetime.now(UTC)}
    content = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    return Response(content, status, headers, media_type="application/json")


def _field_error(error: dict[str, Any]) -> dict[str, str]:
    location = [str(part) for part in error["loc"]]
    # The first part is the place (body, query, path, header); use it only if there is no other part.
    field = ".".join(location[1:]) or location[0]
    # pydantic's messages quote no input; messages of our validators have a prefix.
    return {"field": field[:100], "message": str(error["msg"]).removeprefix("Value error, ")[:_MESSAGE_LENGTH_MAX]}
