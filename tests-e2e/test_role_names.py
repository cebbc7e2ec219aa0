"""Roles are data: code asks for permissions, and names no role. Needs no server."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
ROLES: Final = frozenset({"admin", "staff", "user", "guest"})
# Governance owns the roles. `chassis.testing` is for tests, which give roles their permissions themselves.
ELSEWHERE: Final = ("services/governance", "libs/chassis/src/chassis/testing")
# These say it of something else than a role: the kind of an actor or resource, a user verified (RFC 8176), a username.
OTHER_WORDS: Final = {
    ("libs/kernel/src/kernel/actor.py", "user"),
    ("services/compliance/src/compliance/application/people.py", "user"),
    ("services/compliance/src/compliance/domain/entry.py", "user"),
    ("services/identity/src/identity/domain/proof.py", "user"),
    ("services/identity/src/identity/domain/reserved_usernames.py", "admin"),
}
# The first role of an account is a seed of the platform: identity vouches for it at registration, and governance decides what it
# may. No other code compares with it.
SEEDS: Final = {
    ("services/identity/src/identity/domain/user.py", "user"),
    ("services/identity/src/identity/domain/user.py", "admin"),
}
# Where "user" names a resource or an example of a field.
NAMES_NO_ROLE: Final = frozenset({"resource_type", "examples"})


def sources() -> Iterator[Path]:
    for source in sorted(ROOT.glob("*/*/src/**/*.py")) + sorted(ROOT.glob("gateway/src/**/*.py")):
        if not source.relative_to(ROOT).as_posix().startswith(ELSEWHERE):
            yield source


def role_names(source: str) -> Iterator[tuple[int, str]]:
    """Find the texts, outside docstrings, that are the name of a role or a list of such."""
    tree = ast.parse(source)
    other = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in NAMES_NO_ROLE:
            other |= {id(inner) for inner in ast.walk(node.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in other:
            for word in ROLES & {word.strip() for word in node.value.split(",")}:
                yield node.lineno, word


def test_code_names_no_role() -> None:
    found = {(path.relative_to(ROOT).as_posix(), name) for path in sources() for _, name in role_names(path.read_text())}
    assert found == OTHER_WORDS | SEEDS


def test_the_name_of_a_role_is_found_in_what_code_writes() -> None:
    assert {name for _, name in role_names('OFFICES = frozenset({"admin", "staff"})')} == {"admin", "staff"}
    assert {name for _, name in role_names('if "guest" in actor.roles: pass')} == {"guest"}
    assert {name for _, name in role_names('roles = "admin,user".split(",")')} == {"admin", "user"}
    assert not list(role_names('"""admin"""\nfact(resource_type="user")\nactor.kind == ActorKind.USER'))
