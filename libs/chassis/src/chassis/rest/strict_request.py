"""Reads a request strictly."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from chassis.strict_json import MalformedJsonError, read_json

_NO_NUL = "NUL characters are not allowed"


class StrictRequest(Request):
    """Reads strict JSON: no NaN, infinities, lone surrogates, deep nesting, duplicate members or NUL."""

    async def check_body(self) -> None:
        """Read the body; raises RequestValidationError, or HTTPException 415 for another content type."""
        if await self.body():
            _check_content_type(self)
            await self.json()

    async def json(self) -> Any:
        if not hasattr(self, "_parsed"):
            self._parsed = _parse(await self.body())
        return self._parsed


def check_path(request: Request) -> None:
    """Refuse NUL in path parameters: PostgreSQL cannot store it."""
    for name, value in request.path_params.items():
        if "\0" in str(value):
            raise _invalid(("path", name), _NO_NUL)


def check_query(request: Request, known: Mapping[str, bool]) -> None:
    """Refuse unknown and repeated query parameters; `known` says for each name whether it may be repeated."""
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise _invalid(("query", name.replace("\0", "")), "Unknown query parameter")
        if name in seen and not known[name]:
            raise _invalid(("query", name), "The parameter is given twice")
        seen.add(name)
        if "\0" in value:
            raise _invalid(("query", name), _NO_NUL)


def _check_content_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise HTTPException(415)


def _parse(body: bytes) -> Any:
    try:
        parsed = read_json(body)
    except MalformedJsonError as error:
        raise _invalid(("body", *error.path), str(error)) from None
    # Most bodies contain no such escape, and need no search.
    if b"\\u0000" in body and (path := _find_nul(parsed)) is not None:
        raise _invalid(("body", *path), _NO_NUL)
    return parsed


def _find_nul(whole: object) -> tuple[str, ...] | None:
    """Return the path of a string that contains NUL, or of an object with NUL in a member name."""
    # Not recursive: JSON can be nested as deep as the stack.
    pending: list[tuple[tuple[str, ...], object]] = [((), whole)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str):
            if "\0" in value:
                return path
        elif isinstance(value, dict):
            if any("\0" in name for name in value):
                return path
            pending += [((*path, name), child) for name, child in reversed(value.items())]
        elif isinstance(value, list):
            pending += [((*path, str(index)), child) for index, child in reversed(list(enumerate(value)))]
    return None


def _invalid(location: tuple[str, ...], message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": location, "msg": message, "input": None}])
