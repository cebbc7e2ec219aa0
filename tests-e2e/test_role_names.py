"""Roles are data: code checks permissions and names no role. Needs no server."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
ROLES: Final = frozenset({"admin", "staff", "user", "guest"})
# Governance owns the roles. `chassis.testing` is for tests, which assign permissions to roles themselves.
ELSEWHERE: Final = ("services/governance", "libs/chassis/src/chassis/testing")
# A role's name is found anywhere, alone or beside others. But "user" is also the kind of an actor or a resource: it is found
# beside another role's name, or where the code deals with roles.
AMBIGUOUS: Final = "user"
NAMES_NO_ROLE: Final = frozenset({"examples", "resource_type"})
ALLOWED: Final = {
    # The first role of a user is a seed of the platform: identity assigns it at registration, and governance decides what it
    # permits. No other code compares with it.
    ("services/identity/src/identity/domain/user.py", "admin"),
    # A username that nobody may register.
    ("services/identity/src/identity/domain/reserved_usernames.py", "admin"),
}


def sources() -> Iterator[Path]:
    for source in sorted(ROOT.glob("*/*/src/**/*.py")) + sorted(ROOT.glob("gateway/src/**/*.py")):
        if not source.relative_to(ROOT).as_posix().startswith(ELSEWHERE):
            yield source


def role_names(source: str) -> Iterator[str]:
    """Find strings that are a role's name or a list of them, except in docstrings and examples of fields."""
    tree = ast.parse(source)
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = ROLES & {word.strip() for word in node.value.split(",")}
            around = list(_around(node, parents)) if names else []
            is_docstring = isinstance(parents[id(node)], ast.Expr)
            if names and not is_docstring and NAMES_NO_ROLE.isdisjoint(getattr(each, "arg", None) for each in around):
                is_spoken_of = "role" in ast.unparse(around[-1]).lower()
                yield from names if is_spoken_of or len(names) > 1 else names - {AMBIGUOUS}


def _around(node: ast.AST, parents: dict[int, ast.AST]) -> Iterator[ast.AST]:
    """Yield the parents of a string, up to its whole expression or the assignment that it is part of."""
    while isinstance(node, ast.expr | ast.keyword | ast.comprehension | ast.Assign | ast.AnnAssign | ast.Return):
        yield node
        node = parents[id(node)]


def test_code_names_no_role() -> None:
    found = {(path.relative_to(ROOT).as_posix(), name) for path in sources() for name in role_names(path.read_text())}
    assert found == ALLOWED


def test_role_names_in_code_are_found() -> None:
    assert set(role_names('OFFICES = frozenset({"admin", "staff"})')) == {"admin", "staff"}
    assert set(role_names('if "user" in actor.roles: pass')) == {"user"}
    assert set(role_names('ORDINARY_ROLE = "user"')) == {"user"}
    assert set(role_names('offices = "admin,user".split(",")')) == {"admin", "user"}
    assert not list(role_names('"""admin"""\nfact(resource_type="user")\nField(examples=["staff"])\nkind = "user"'))
