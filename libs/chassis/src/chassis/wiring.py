"""Build the use cases that a table of contents lists, each from the ports that its fields name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from graphlib import CycleError, TopologicalSorter
from inspect import getattr_static
from types import UnionType
from typing import Any, TypeVar, get_origin, get_type_hints

from typing_extensions import get_protocol_members, is_protocol

Contents = TypeVar("Contents")


class NotWired(TypeError):
    """The use cases of a table of contents cannot be built from what is given."""


def wire(contents: Callable[..., Contents], **given: object) -> Contents:
    """Build every use case of the table `contents` once, and return the table.

    A field of a use case is a port, given by its name; ports with a default may be left out. A field that has the name of a use
    case of the same table gets that use case. A use case that is built otherwise is given by its own name.

    Raises NotWired if a port is missing, if no use case asks for it, or if it is not what a use case declares: it lacks a member
    of the Protocol (names are compared, not signatures) or is no instance of the class. Unions are not checked.
    """
    table, title = get_type_hints(contents), contents.__name__
    needs = {name: set[str]() if name in given else {port.name for port in fields(use_case)} for name, use_case in table.items()}
    if unasked := given.keys() - table.keys() - set[str]().union(*needs.values()):
        raise NotWired(f"{title}: no use case has a port {', '.join(sorted(unasked))}")
    known = dict(given)
    for name in _needed_first(title, {name: ports & table.keys() for name, ports in needs.items()}):
        if name in given:
            _require(f"{title}.{name}", table[name], given[name])
        else:
            known[name] = _build(f"{title}.{name}", table[name], known)
    return contents(**{name: known[name] for name in table})


def _needed_first(title: str, needs: Mapping[str, set[str]]) -> Iterable[str]:
    try:
        return tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise NotWired(f"{title}: use cases need each other in a circle: {', '.join(error.args[1])}") from None


def _build(place: str, use_case: Any, known: Mapping[str, object]) -> object:
    declared, taken = get_type_hints(use_case), {}
    for port in fields(use_case):
        if port.name in known:
            _require(f"{place}.{port.name}", declared[port.name], known[port.name])
            taken[port.name] = known[port.name]
        elif port.default is MISSING and port.default_factory is MISSING:
            raise NotWired(f"{place}.{port.name} is not given")
    return use_case(**taken)


def _require(place: str, declared: Any, value: object) -> None:
    kind, given = get_origin(declared) or declared, type(value).__name__
    if is_protocol(kind):
        lacking = sorted(name for name in get_protocol_members(kind) if getattr_static(value, name, MISSING) is MISSING)
        if lacking:
            raise NotWired(f"{place} is a {given}, which lacks {', '.join(lacking)} of {kind.__name__}")
    elif isinstance(kind, type) and kind not in {Any, UnionType} and not isinstance(value, kind):
        raise NotWired(f"{place} is a {given}, not a {kind.__name__}")
