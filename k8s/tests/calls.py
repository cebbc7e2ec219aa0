"""The methods of peers that services call, according to the contracts and to the code."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from chassis.rpc.service_config import services_of
from elcorp.options.v1 import options_pb2
from k8s.tests.rendering import K8S, SERVICES

ROOT = K8S.parent
# The caller and the full name of the method.
Call = tuple[str, str]


@cache
def contracts() -> tuple[ServiceDescriptor, ...]:
    return tuple({service.full_name: service for context in SERVICES for service in services_of(context)}.values())


def methods() -> list[MethodDescriptor]:
    return [method for service in contracts() for method in service.methods]


def contexts_of(method: str) -> tuple[str, ...]:
    """Return the services that answer: "payments" of "elcorp.payments.v1.LedgerService.Transfer", every service of "platform"."""
    context = method.split(".")[1]
    return tuple(SERVICES) if context == "platform" else (context,)


def named() -> set[Call]:
    return {(caller, method.full_name) for method in methods() for caller in _access(method).callers}


def named_locally() -> set[Call]:
    return {(caller, method.full_name) for method in methods() for caller in _access(method).local_callers}


def called() -> set[Call]:
    return {(service, method) for service in SERVICES for method in _called_by(service)}


def calls_of(source: str) -> set[str]:
    """Return the methods that a module calls with its own stubs."""
    words = set(_words(ast.parse(source)))
    return {
        method.full_name
        for service in contracts()
        if f"{service.name}Stub" in words
        for method in service.methods
        if method.name in words
    }


def _access(method: MethodDescriptor) -> options_pb2.MethodAccess:
    return method.GetOptions().Extensions[options_pb2.access]


def _called_by(service: str) -> Iterator[str]:
    sources = list(_sources(ROOT / "services" / service / "src"))
    for source in sources:
        yield from calls_of(source)
    for shared in _sources(ROOT / "libs" / "chassis" / "src"):
        if (calls := calls_of(shared)) and _uses(sources, shared):
            yield from calls


def _uses(sources: Iterable[str], shared: str) -> bool:
    """Return whether a service makes the calls of a chassis module, through its classes or through `service_resources`."""
    classes = {node.name for node in ast.walk(ast.parse(shared)) if isinstance(node, ast.ClassDef)}
    trees = [ast.parse(source) for source in sources]
    return any(not classes.isdisjoint(_words(tree)) or _fetches_bundles(tree) for tree in trees)


def _fetches_bundles(tree: ast.AST) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Name)
        and call.func.id == "service_resources"
        and "bundle_source" not in {keyword.arg for keyword in call.keywords}
        for call in calls
    )


def _words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def _sources(folder: Path) -> Iterator[str]:
    return (file.read_text() for file in sorted(folder.rglob("*.py")))
