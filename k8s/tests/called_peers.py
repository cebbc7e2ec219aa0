"""The peers that each process of a service calls, according to its bootstrap."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from k8s.tests.rendering import K8S

# The function that starts the process of a role.
BEGINNINGS: Final = {"serve": "serving", "work": "working", "jobs": "jobs"}

# The modules and packages of a service that assemble its processes and commands.
PUT_TOGETHER: Final = ("bootstrap", "commands", "wiring")

Functions = dict[str, ast.AST]


def peers_of(service: str, role: str) -> set[str]:
    """Return the peers that a process opens channels to."""
    return called_from(bootstrap(service), BEGINNINGS[role])


def called_from(functions: Functions, beginning: str) -> set[str]:
    """Return the peers to which a function, or one that it uses, opens channels."""
    return {peer for name in _reached(functions, beginning) for peer in _connected(functions[name])}


def connected_elsewhere(service: str) -> set[str]:
    """Return the files, relative to the service's sources, that open channels outside the code that `peers_of` reads."""
    own = set(_bootstrap_files(service))
    others = (file for file in _root(service).rglob("*.py") if file not in own)
    found = {file for file in others if any(True for _ in _connected(ast.parse(file.read_text())))}
    return {str(file.relative_to(_root(service))) for file in found}


def bootstrap(service: str) -> Functions:
    """Return the functions that assemble the service's processes and commands, by name."""
    trees = [ast.parse(file.read_text()) for file in _bootstrap_files(service)]
    return functions_of(trees)


def functions_of(trees: Iterable[ast.Module]) -> Functions:
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _bootstrap_files(service: str) -> list[Path]:
    root = _root(service)
    return sorted(file for name in PUT_TOGETHER for file in (*root.glob(f"{name}.py"), *root.glob(f"{name}/*.py")))


def _root(service: str) -> Path:
    return K8S.parent / "services" / service / "src" / service


def _reached(functions: Functions, beginning: str) -> set[str]:
    reached: set[str] = set()
    ahead = {beginning} & functions.keys()
    while ahead:
        reached |= ahead
        used = {node.id for name in ahead for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
        ahead = (used & functions.keys()) - reached
    return reached


def _connected(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "worker.peer":
            match call.args:
                case [ast.Constant(value=str(peer))]:
                    yield peer
                case _:
                    raise NotImplementedError(f"the peer of a channel is not a literal: {ast.unparse(call)}")
        if not isinstance(call.func, ast.Name):
            continue
        match call.func.id, call.args:
            case "connect", [ast.Name(id="settings"), ast.Constant(value=str(peer))]:
                yield peer
            case "connect", [ast.Name(id="settings"), *_]:
                raise NotImplementedError(f"the peer of a channel is not a literal: {ast.unparse(call)}")
            # It fetches policies from governance, unless it is governance itself.
            case "service_resources", _ if "bundle_source" not in {keyword.arg for keyword in call.keywords}:
                yield "governance"
