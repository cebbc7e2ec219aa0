"""What roles permit with the roles that they include."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.domain.errors import InclusionCycle, ProtectedRole, RetiredRole
from governance.domain.role import Permission, Role
from governance.domain.role_hierarchy import RoleHierarchy
from kernel.errors import InvalidValue

AT = datetime(2026, 3, 21, 8, tzinfo=UTC)
NAMES = ("a", "b", "c", "d", "e")


def role(name: str, *permissions: str, includes: tuple[str, ...] = ()) -> Role:
    made = Role.create(name, title=name, description="")
    made.set_permissions(map(Permission, permissions))
    made.set_included(includes)
    return made


def test_a_role_permits_what_it_includes_by_the_shortest_path() -> None:
    hierarchy = RoleHierarchy(
        [
            role("director", includes=("manager", "clerk")),
            role("manager", "payment:approve", includes=("clerk",)),
            role("clerk", "payment:create", "user:read"),
        ]
    )
    paths = {permission.name: path for permission, path in hierarchy.permissions("director").items()}
    assert paths == {
        "payment:approve": ("director", "manager"),
        "payment:create": ("director", "clerk"),
        "user:read": ("director", "clerk"),
    }
    assert hierarchy.containing("clerk") == {"clerk", "manager", "director"}
    assert hierarchy.permitting("payment:approve") == {"manager", "director"}
    assert hierarchy.permission_names("nobody") == frozenset()


def test_a_retired_role_permits_nothing_wherever_it_is_included() -> None:
    middle = role("middle", "payment:approve", includes=("lowest",))
    hierarchy = RoleHierarchy([role("top", includes=("middle",)), middle, role("lowest", "user:read")])
    assert hierarchy.permission_names("top") == {"payment:approve", "user:read"}
    assert middle.retire(at=AT)
    assert not middle.retire(at=AT)
    assert hierarchy.permission_names("top") == hierarchy.permission_names("middle") == frozenset()
    assert hierarchy.containing("middle") == frozenset()


@pytest.mark.parametrize("change", ["permissions", "included", "describe"])
def test_a_retired_role_cannot_be_changed(change: str) -> None:
    retired = role("old")
    retired.retire(at=AT)
    changes = {
        "permissions": lambda: retired.set_permissions([Permission("user:read")]),
        "included": lambda: retired.set_included(["a"]),
        "describe": lambda: retired.describe(title="New", description=""),
    }
    with pytest.raises(RetiredRole):
        changes[change]()


@pytest.mark.parametrize("needed", [Role("user", "User", is_default=True), Role("admin", "Administrator", is_system=True)])
def test_roles_that_the_platform_relies_on_cannot_be_retired(needed: Role) -> None:
    with pytest.raises(ProtectedRole):
        needed.retire(at=AT)


@pytest.mark.parametrize(("title", "description"), [("", ""), ("x" * 81, ""), ("Title", "x" * 501)])
def test_texts_have_limits(title: str, description: str) -> None:
    with pytest.raises(InvalidValue):
        Role.create("name", title=title, description=description)


def test_a_role_includes_at_most_twenty() -> None:
    with pytest.raises(InvalidValue):
        role("many").set_included({f"role-{number}" for number in range(21)})


def test_a_cycle_is_refused_with_its_path() -> None:
    hierarchy = RoleHierarchy([role("a", includes=("b",)), role("b", includes=("c",)), role("c", includes=("a",))])
    with pytest.raises(InclusionCycle) as refused:
        hierarchy.require_no_cycle("a")
    assert refused.value.details == {"path": ["a", "b", "c", "a"]}


@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=12))
def test_cycles_are_found_as_by_a_walk_over_all_edges(edges: set[tuple[str, str]]) -> None:
    hierarchy = RoleHierarchy(
        role(name, f"of:{name}", includes=tuple(included for includer, included in edges if includer == name)) for name in NAMES
    )
    reached = set(edges)
    for _ in NAMES:
        reached |= {(start, end) for start, middle in reached for middle_, end in edges if middle_ == middle}
    for name in NAMES:
        if (name, name) in reached:
            with pytest.raises(InclusionCycle):
                hierarchy.require_no_cycle(name)
        else:
            hierarchy.require_no_cycle(name)
        expected = {name} | {end for start, end in reached if start == name}
        assert hierarchy.permission_names(name) == {f"of:{each}" for each in expected}
