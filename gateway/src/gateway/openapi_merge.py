"""Merges the services' four OpenAPI documents into one for the gateway's clients."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.paths import api_segment
from gateway.routes import SERVICES, RouteTable

Document = dict[str, Any]

_REFERENCE: Final = "#/components/schemas/"
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# A path as a client sends it: {name} becomes (name).
_PLACEHOLDERS: Final = bytes.maketrans(b"{}", b"()")
_INFO: Final = {
    "title": "Elcorp Namibia",
    "version": "1",
    "description": (
        "The platform's API. Every response uses the same envelope; amounts are strings, times are RFC 3339 in "
        "UTC, ids are UUIDs. Unsafe requests accept an `Idempotency-Key`; those that move money require one."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


@dataclass(frozen=True, slots=True)
class Merged:
    """`problems` are conflicts between the services: a path that is not routed, or a name with two meanings."""

    document: Document
    problems: list[str] = field(default_factory=list)


def merge(documents: Mapping[str, Document], routes: RouteTable, *, missing: Iterable[str] = ()) -> Merged:
    """Merge the services' documents; the names in `missing` are listed in the result as `x-missing-services`."""
    merged = Merged({"openapi": "3.1.0", "info": _INFO, "servers": [{"url": "/"}], "tags": [], "paths": {}})
    schemas: Document = {}
    others: dict[str, Document] = {}
    for service in SERVICES:
        if service in documents:
            document, renamed = _with_own_names(service, documents[service], schemas)
            merged.problems.extend(f"{service}: schema {name} differs from another service's" for name in sorted(renamed))
            _take_components(document, schemas, others)
            _take_paths(service, document, routes, merged)
    merged.document["components"] = {"schemas": dict(sorted(schemas.items())), **others}
    if gone := sorted(missing):
        merged.document["x-missing-services"] = gone
    return merged


def _with_own_names(service: str, document: Document, taken: Document) -> tuple[Document, set[str]]:
    """Rename the schemas whose name has another meaning in another service, and those that refer to them; return which."""
    schemas: Document = document.get("components", {}).get("schemas", {})
    renamed = {name for name, schema in schemas.items() if name in taken and taken[name] != schema}
    while more := {name for name, schema in schemas.items() if name not in renamed and _refers(schema, renamed)} & set(taken):
        renamed |= more
    if not renamed:
        return document, renamed
    text = json.dumps(document)
    for name in renamed:
        text = text.replace(f'"{_REFERENCE}{name}"', f'"{_REFERENCE}{service.capitalize()}{name}"')
    changed: Document = json.loads(text)
    schemas = changed["components"]["schemas"]
    for name in renamed:
        own = schemas[f"{service.capitalize()}{name}"] = schemas.pop(name)
        if own.get("title") == name:
            # Client generators take names from the title.
            own["title"] = f"{service.capitalize()}{name}"
    return changed, renamed


def _refers(schema: Any, names: set[str]) -> bool:
    text = json.dumps(schema)
    return any(f'"{_REFERENCE}{name}"' in text for name in names)


def _take_components(document: Document, schemas: Document, others: dict[str, Document]) -> None:
    for kind, entries in document.get("components", {}).items():
        target = schemas if kind == "schemas" else others.setdefault(kind, {})
        target.update(entries)


def _take_paths(service: str, document: Document, routes: RouteTable, merged: Merged) -> None:
    paths = merged.document["paths"]
    tags = {tag["name"]: None for tag in merged.document["tags"]}
    known = {operation["operationId"] for item in paths.values() for operation in _operations(item)}
    for path, item in document.get("paths", {}).items():
        segment = api_segment(path.encode("ascii", "replace").translate(_PLACEHOLDERS))
        if segment is None:
            continue  # the service's own, such as probes and keys: not reachable through the gateway
        route = routes.find(segment)
        if route is None or route.service != service:
            merged.problems.append(f"{service}: {path} is not routed to it")
            continue
        for operation in _operations(item):
            if operation.get("operationId") in known:
                merged.problems.append(f"{service}: operationId {operation['operationId']} is also used by another service")
                operation["operationId"] = f"{service}_{operation['operationId']}"
            tags.update(dict.fromkeys(operation.get("tags", ())))
        paths[path] = item
    merged.document["tags"] = [{"name": name} for name in tags]


def _operations(item: Document) -> list[Document]:
    return [item[method] for method in _METHODS if method in item]
