"""Finds request fields without strict parsing: strings without a kind, and times that are not checked against RFC 3339."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from chassis.rest.texts import TEXT_KINDS, TIME_KINDS

# An anchored pattern of explicit ASCII, without classes that match more, is as strict as a kind.
_ASCII_ONLY: Final = re.compile(r"\^(?:[ -\[\]-~]|\\\.|\\x[2-7][0-9a-e])+\$")
_CLASS: Final = re.compile(r"\[[^\]^][^\]\\]*\]")
_OPEN: Final = re.compile(r"\[\^|(?<!\\)\.|\\[^.x]")
_LOOSE: Final = frozenset({"str", "any", "datetime", "date", "time", "timedelta", "bytes", "url", "multi-host-url"})
_NOT_SCHEMAS: Final = frozenset({"metadata", "serialization", "function", "cls", "default", "ref"})


def loose_fields(routes: Iterable[object]) -> list[str]:
    """Return the fields of bodies, queries and paths without a strict kind: "POST /things body.name: str"."""
    found = {
        f"{min(route.methods or '*')} {route.path} {what}"
        for route in routes
        if isinstance(route, APIRoute)
        for place, schema in _schemas(route.dependant)
        for what in _Walk(place).loose(schema)
    }
    return sorted(found)


def is_ascii_only(pattern: str) -> bool:
    return _ASCII_ONLY.fullmatch(pattern) is not None and _OPEN.search(_CLASS.sub("", pattern)) is None


def _schemas(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    places = (("path", dependant.path_params), ("query", dependant.query_params), ("body", dependant.body_params))
    for place, fields in places:
        for field in fields:
            yield f"{place}.{field.alias}", field._type_adapter.core_schema  # noqa: SLF001  # pydantic's own, by no other name
    for dependency in dependant.dependencies:
        yield from _schemas(dependency)


@dataclass(frozen=True)
class _Walk:
    """A position in a core schema: `before` has the validators applied before it, `within` the models around it."""

    path: str
    before: frozenset[object] = frozenset()
    within: frozenset[str] = frozenset()
    definitions: Mapping[str, Any] | None = None

    def loose(self, node: Any) -> Iterator[str]:
        if isinstance(node, list | tuple):
            for child in node:
                yield from self.loose(child)
        elif isinstance(node, dict):
            visit = {
                "definitions": self._definitions,
                "definition-ref": self._reference,
                "model-fields": self._fields,
                "dict": self._mapping,
                "list": self._items,
                "set": self._items,
                "tuple": self._items,
                "function-before": self._validated,
                "function-plain": self._validated,
            }.get(str(node.get("type")), self._other)
            yield from visit(node)

    def _definitions(self, node: dict[str, Any]) -> Iterator[str]:
        definitions = {definition["ref"]: definition for definition in node["definitions"]}
        yield from replace(self, definitions=definitions).loose(node["schema"])

    def _reference(self, node: dict[str, Any]) -> Iterator[str]:
        name = node["schema_ref"]
        if name not in self.within:
            yield from replace(self, within=self.within | {name}).loose((self.definitions or {})[name])

    def _fields(self, node: dict[str, Any]) -> Iterator[str]:
        for name, field in node["fields"].items():
            yield from replace(self, path=f"{self.path}.{name}", before=frozenset()).loose(field)

    def _mapping(self, node: dict[str, Any]) -> Iterator[str]:
        # A validator before the whole mapping applies to its values only if they are passed on unchanged, as in a passkey's
        # response.
        values = node.get("values_schema", {"type": "any"})
        whole = self if values["type"] == "any" else replace(self, before=frozenset())
        yield from replace(whole, path=f"{self.path} names").loose(node.get("keys_schema", {"type": "any"}))
        yield from replace(whole, path=f"{self.path} values").loose(values)

    def _items(self, node: dict[str, Any]) -> Iterator[str]:
        yield from replace(self, before=frozenset())._other(node)  # noqa: SLF001  # of the same class

    def _validated(self, node: dict[str, Any]) -> Iterator[str]:
        yield from replace(self, before=self.before | {node["function"]["function"]}).loose(node.get("schema"))

    def _other(self, node: dict[str, Any]) -> Iterator[str]:
        kind = node.get("type")
        if kind in _LOOSE and not self._is_strict(node):
            yield f"{self.path}: {kind}"
        for name, child in node.items():
            if name not in _NOT_SCHEMAS:
                yield from self.loose(child)

    def _is_strict(self, node: Mapping[str, Any]) -> bool:
        if node["type"] in {"datetime", "date"}:
            return not self.before.isdisjoint(TIME_KINDS)
        pattern = node.get("pattern")
        return (isinstance(pattern, str) and is_ascii_only(pattern)) or not self.before.isdisjoint(TEXT_KINDS)
