"""How the code is laid out, as far as a machine can say it. Needs no server."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PARTS: Final = ("libs", "services", "gateway", "deploy", "k8s", "tests-e2e")


def modules() -> list[Path]:
    return [source for part in PARTS for source in sorted((ROOT / part).rglob("test_*.py"))]


def imported_tests(source: str, names: frozenset[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from names & {*node.module.split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            yield from names & {part for alias in node.names for part in alias.name.split(".")}


def test_no_test_imports_a_test() -> None:
    names = frozenset(path.stem for path in modules())
    assert "test_layout" in names
    found = {(path.relative_to(ROOT).as_posix(), name) for path in modules() for name in imported_tests(path.read_text(), names)}
    assert found == set()


def test_an_imported_test_is_found_in_every_form() -> None:
    names = frozenset({"test_users"})
    for source in ("from a.test_users import sent", "from a import test_users", "import a.test_users"):
        assert list(imported_tests(source, names)) == ["test_users"]
    assert not list(imported_tests("from aiohttp.test_utils import TestServer\nimport pytest", names))
