"""Adds to the OpenAPI document what the framework does not know: security, errors, idempotency keys."""

from collections.abc import Iterable
from typing import Any, Final

from fastapi.dependencies.utils import get_flat_params
from pydantic.json_schema import models_json_schema

from chassis.http import API_BASE
from chassis.rest.access import Access
from chassis.rest.envelope import ErrorResponse, ValidationErrorResponse
from chassis.rest.idempotency import KEY_HEADER
from chassis.rest.route import UNSAFE, Route
from chassis.rest.schema_names import REFERENCE, name_by_title
from kernel.assurance import AGE_SECONDS_MAX, NONE, RECENT, STRONG, Assurance

_AT: Final = "2026-03-21T08:00:00.000000Z"
_REQUEST_ID: Final = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"

# Status: code, message, description.
_ERRORS: Final = {
    "400": ("VAL_001", "The request could not be read.", "Malformed HTTP; refused by the gateway"),
    "401": ("AUTH_004", "An access token is required.", "The token is missing, invalid or expired"),
    "403": ("ACC_001", "Access denied.", "The caller lacks the permission"),
    "404": ("RES_001", "Not found.", "The resource does not exist or is not the caller's"),
    "409": (
        "RES_004",
        "A request with this Idempotency-Key is still in progress; retry shortly.",
        "The state of the resource does not allow this, or a request with this key is in progress",
    ),
    "412": ("RES_003", "The resource has changed since it was read; read it again and retry.", "If-Match names an old version"),
    "413": ("VAL_003", "The request body is too large.", "The body is too large"),
    "415": ("VAL_004", "The request body must be application/json.", "The body has another content type"),
    "428": (
        "RES_006",
        "Send If-Match with the ETag that you read, so that your change does not overwrite another's.",
        "If-Match is missing",
    ),
    "429": ("RATE_001", "Too many requests.", "Rate limit; see Retry-After"),
    "503": ("SRV_002", "A dependency is unavailable; retry later.", "Retry after Retry-After seconds"),
}

_ASKED: Final = {
    RECENT: "Requires that the caller signed in within the last five minutes with every factor of their account.",
    STRONG: "Requires a two-factor sign-in within the last five minutes.",
}


def complete(schema: dict[str, Any], routes: Iterable[object]) -> None:
    """Add what our routes declare to a generated document, in place."""
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    _, definitions = models_json_schema(
        [(ErrorResponse, "serialization"), (ValidationErrorResponse, "serialization")], ref_template=f"{REFERENCE}{{model}}"
    )
    schemas = components.setdefault("schemas", {})
    schemas.update(definitions["$defs"])
    # FastAPI's own schemas, which our API never returns.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    name_by_title(schema)
    for route in routes:
        if isinstance(route, Route) and route.access and route.include_in_schema:
            for method in route.methods or ():
                _complete_operation(schema["paths"][route.path_format][method.lower()], route, route.access)


def _complete_operation(operation: dict[str, Any], route: Route, access: Access) -> None:
    operation["security"] = [{"bearer": []}] if access.authenticated else []
    if access.permission:
        operation["x-permission"] = access.permissions
    if route.assurance:
        _say_assurance(operation, route.assurance, route.others)
    responses: dict[str, Any] = operation.setdefault("responses", {})
    if route.path.startswith(API_BASE):
        responses["422"] = _response("ValidationErrorResponse", "The request is not valid", _validation_example())
    else:
        responses.pop("422", None)
        responses["400"] = _in_form_of_a_standard()
    for status in _statuses(route, access):
        code, message, description = _ERRORS[status]
        if status == "401" and (route.others or route.assurance or NONE) is not NONE:
            description += ", or AUTH_005: re-authenticate with POST /auth/step-up, then repeat the request"
        responses.setdefault(status, _response("ErrorResponse", description, _error_example(code, message)))
    if route.keeps_answers:
        operation.setdefault("parameters", []).append(
            {
                "name": KEY_HEADER,
                "in": "header",
                "required": False,
                "description": "Makes the request safe to repeat: the same key and body get the first response again",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )


def _say_assurance(operation: dict[str, Any], assurance: Assurance, others: Assurance | None) -> None:
    operation["x-assurance"] = {
        "level": assurance.value,
        "multi_factor": assurance is STRONG,
        "max_age": None if assurance is NONE else AGE_SECONDS_MAX,
        **({"others": others.value} if others else {}),
    }
    asked = [_ASKED[assurance]] if assurance in _ASKED else []
    if others:
        sentence = _ASKED[others]
        asked.append(f"For another user's resource, {sentence[0].lower()}{sentence[1:]}")
    if asked:
        operation["description"] = "\n\n".join([operation.get("description", ""), *asked]).strip()


def _statuses(route: Route, access: Access) -> list[str]:
    statuses = ["400", "429", "503"]
    if access.authenticated:
        # A use case may deny what the route's permission allows, because it knows whose resource it is.
        statuses += ["401", "403"]
    if route.body_field:
        # A body may authenticate its sender, and may name resources that do not exist.
        statuses += ["401", "404", "413", "415"]
    if route.takes:
        statuses += ["404", "413"]
    if route.param_convertors or route.dependant.query_params:
        statuses.append("404")
    if not UNSAFE.isdisjoint(route.methods or ()):
        # The resource may not exist, or its state may not allow the change.
        statuses += ["404", "409"]
    if any(parameter.alias == "if-match" for parameter in get_flat_params(route.dependant)):
        statuses.append("412")
        # Staff must name the version of what they replace, or decide on.
        if not {"PUT", "PATCH", "POST"}.isdisjoint(route.methods or ()):
            statuses.append("428")
    return sorted(set(statuses))


def _in_form_of_a_standard() -> dict[str, Any]:
    """Describe 400 of an operation outside our own API: the request has not the form of its standard, or of HTTP."""
    models = [{"$ref": f"{REFERENCE}{model}"} for model in ("ValidationErrorResponse", "ErrorResponse")]
    content = {"schema": {"anyOf": models}, "example": _validation_example()}
    return {"description": "The request has not the form of the standard", "content": {"application/json": content}}


def _response(model: str, description: str, example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": {"$ref": f"{REFERENCE}{model}"}, "example": example}
    return {"description": description, "content": {"application/json": content}}


def _error_example(code: str, message: str) -> dict[str, Any]:
    return {"status": "error", "error": message, "code": code, "request_id": _REQUEST_ID, "timestamp": _AT}


def _validation_example() -> dict[str, Any]:
    errors = [{"field": "email", "message": "Field required"}]
    return {
        "status": "validation_error",
        "code": "VAL_001",
        "errors": errors,
        "request_id": _REQUEST_ID,
        "timestamp": _AT,
    }
