"""The role and role holder aggregates by themselves."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from governance.domain.events import SubjectRolesChanged
from governance.domain.role import Permission, Role
from governance.domain.role_holder import RoleHolder
from kernel.errors import InvalidValue
from kernel.ids import new_id

AT = datetime(2026, 3, 21, 8, tzinfo=UTC)
SUBJECT = UUID("0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10")


def role(name: str = "clerk", *permissions: str) -> Role:
    return Role(name, name.title(), permissions={Permission(permission) for permission in permissions})


def test_permissions_are_equal_by_name() -> None:
    assert Permission("user:read", "Read a user") == Permission("user:read")
    assert len({Permission("user:read"), Permission("user:read", "again")}) == 1
    assert Permission("user:read") != "user:read"


@pytest.mark.parametrize("name", ["", "read", "user:", "User:read", 'user:read"', "user:read ", "user:read:all", "uśer:read"])
def test_a_permission_whose_name_cedar_could_misread_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        Permission(name)


@pytest.mark.parametrize("name", ["", "Admin", 'a"b', "a b", "1a", "a\n", "a" * 64])
def test_a_role_whose_name_cedar_could_misread_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        Role(name, "?")


def test_granting_and_withdrawing_return_whether_anything_changed() -> None:
    clerk = role()

    assert clerk.grant(Permission("user:read"))
    assert not clerk.grant(Permission("user:read"))
    assert clerk.permission_names == ("user:read",)
    assert clerk.withdraw(Permission("user:read"))
    assert not clerk.withdraw(Permission("user:read"))


def test_setting_permissions_grants_the_missing_and_withdraws_the_rest() -> None:
    clerk = role("clerk", "user:read", "user:create")

    assert clerk.set_permissions([Permission("user:read"), Permission("audit:view")])
    assert clerk.permission_names == ("audit:view", "user:read")
    assert clerk.version == 2


def test_setting_the_same_permissions_keeps_the_version() -> None:
    clerk = role("clerk", "user:read")

    assert not clerk.set_permissions([Permission("user:read")])
    assert clerk.version == 1


def test_each_change_announces_all_roles_of_the_subject() -> None:
    holder = RoleHolder.register(SUBJECT)
    holder.grant("user", by="governance", at=AT)
    holder.grant("staff", by=str(new_id()), at=AT, reason="joined")
    holder.revoke("user", at=AT)

    events = [event for event in holder.collect() if isinstance(event, SubjectRolesChanged)]

    assert [event.roles for event in events] == [("user",), ("staff", "user"), ("staff",)]
    assert {event.subject_id for event in events} == {SUBJECT}


def test_granting_twice_keeps_the_first_assignment() -> None:
    holder = RoleHolder.register(SUBJECT)
    holder.grant("staff", by="first", at=AT)
    holder.collect()

    assert not holder.grant("staff", by="second", at=AT)
    assert holder.assignments["staff"].granted_by == "first"
    assert holder.collect() == []


def test_revoking_a_role_that_is_not_held_changes_nothing() -> None:
    holder = RoleHolder.register(SUBJECT)

    assert not holder.revoke("admin", at=AT)
    assert holder.collect() == []


def test_a_subject_gets_its_first_role_once() -> None:
    holder = RoleHolder.register(SUBJECT)

    assert holder.welcome("user", by="governance", at=AT)
    assert holder.revoke("user", at=AT)
    assert not holder.welcome("user", by="governance", at=AT)
    assert holder.roles == ()
