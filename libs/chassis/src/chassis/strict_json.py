"""Strict JSON: RFC 8259 as orjson reads it, and no duplicate member names (I-JSON, RFC 7493)."""

import json
from typing import Any, Final

import orjson

Path = tuple[str, ...]
_TWICE: Final = "The member is given twice."


class MalformedJsonError(ValueError):
    """The body is refused; `path` leads to the invalid value and is empty for the whole body."""

    def __init__(self, message: str, path: Path = ()) -> None:
        self.path = path
        super().__init__(message)


def read_json(body: bytes) -> Any:
    """Parse a body; raises MalformedJsonError. NaN, infinities, lone surrogates and deep nesting are refused, as orjson does."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedJsonError("The body is not valid JSON.") from None
    try:
        _require_once(body)
    except RecursionError:
        # orjson reads 1,024 levels, Python's decoder as many as fit on its stack.
        raise MalformedJsonError("The body is nested too deeply.") from None
    return parsed


class _Twice(dict[str, Any]):
    """An object with a duplicate member name. The standard does not define which value counts."""

    def __init__(self, members: list[tuple[str, Any]], name: str) -> None:
        super().__init__(members)
        self.name = name


class _FoundTwiceError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise _FoundTwiceError
    return read


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    return dict(pairs) if twice is None else _Twice(pairs, twice)


# orjson silently keeps the last of two. Numbers are not parsed here: they stay text, however long.
_CHECK: Final = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str)
_FIND: Final = json.JSONDecoder(object_pairs_hook=_marked, parse_int=str, parse_float=str)


def _require_once(body: bytes) -> None:
    text = body.decode()
    try:
        _CHECK.decode(text)
    except _FoundTwiceError:
        raise MalformedJsonError(_TWICE, _path_of_twice(_FIND.decode(text), ()) or ()) from None


def _path_of_twice(value: object, path: Path) -> Path | None:
    if isinstance(value, _Twice):
        return (*path, value.name)
    children: list[tuple[str, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = [(str(index), child) for index, child in enumerate(value)]
    for name, child in children:
        if (found := _path_of_twice(child, (*path, name))) is not None:
            return found
    return None
