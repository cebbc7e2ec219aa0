"""Repositories and views on PostgreSQL, as use cases need them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import pytest

from chassis.persistence.database import Database
from governance import wiring
from governance.application.ports.transaction import UnitOfWork
from governance.domain.approval_rule import ApprovalRule, ApprovalTerms
from governance.domain.policies import CompiledPolicies
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role_holder import RoleHolder
from governance.domain.window import Window
from governance.infrastructure.sql.approval_rules import SqlApprovalRuleViews
from governance.infrastructure.sql.permissions import SqlPermissionViews
from governance.infrastructure.sql.policy_bundles import SqlPolicyBundleViews
from governance.infrastructure.sql.role_assignments import SqlRoleAssignmentViews
from governance.infrastructure.sql.roles import SqlRoleViews
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.ids import new_id
from kernel.pages import PageRequest

T = TypeVar("T")
ACTOR = Actor.service("governance")
AT = datetime(2026, 3, 21, 8, tzinfo=UTC)
FACT = AuditFact(action="governance.test.change", resource_type="test", resource_id="1", occurred_at=AT)


def there(found: T | None) -> T:
    assert found is not None
    return found


@dataclass(frozen=True)
class Sql:
    """Access to the database: repositories by a unit of work, and views by noun."""

    uow: UnitOfWork
    roles: SqlRoleViews
    permissions: SqlPermissionViews
    role_assignments: SqlRoleAssignmentViews
    policies: SqlPolicyBundleViews
    approval_rules: SqlApprovalRuleViews

    async def grant(self, subject_id: UUID, *roles: str, at: datetime = AT) -> None:
        async with self.uow.begin(ACTOR) as tx:
            holder = await tx.holders.lock(subject_id)
            if holder is None:
                holder = RoleHolder.register(subject_id)
                tx.holders.add(holder)
            for role in roles:
                holder.grant(role, by="governance", at=at, reason=f"as {role}")
            tx.record(FACT)

    async def publish(self, text: str) -> PolicyBundle:
        async with self.uow.begin(ACTOR) as tx:
            latest = await tx.bundles.lock_latest()
            bundle = PolicyBundle.publish(CompiledPolicies(text, "{}"), previous=latest, by="governance", at=AT)
            assert bundle
            tx.bundles.add(bundle)
            tx.record(FACT)
            return bundle


@pytest.fixture
def sql(database: Database) -> Sql:
    return Sql(
        uow=wiring.unit_of_work(database=database),
        roles=SqlRoleViews(database),
        permissions=SqlPermissionViews(database),
        role_assignments=SqlRoleAssignmentViews(database),
        policies=SqlPolicyBundleViews(database),
        approval_rules=SqlApprovalRuleViews(database),
    )


async def test_the_seed_data_is_in_the_database(sql: Sql) -> None:
    async with sql.uow.begin(ACTOR) as tx:
        roles = {role.name: role for role in await tx.roles.all()}
        default = await tx.roles.default()
        permissions = await tx.permissions.all()

    assert sorted(roles) == ["admin", "guest", "organization-admin", "staff", "user"]
    assert default.name == "user"
    assert len(permissions) == 23
    assert {name: role.version for name, role in roles.items()} == {
        "admin": 4,
        "guest": 1,
        "organization-admin": 1,
        "staff": 4,
        "user": 1,
    }
    over_others = {"organization:read_any", "transfer:read_any", "user:read_any", "wallet:read_any"}
    assert set(roles["staff"].permission_names) == {
        "audit:view",
        "payment:approve",
        "payment:create",
        "user:read",
        "document:view",
        *over_others,
    }
    assert set(roles["admin"].permission_names) == {permission.name for permission in permissions}
    assert roles["user"].permission_names == ("payment:create", "user:read")
    assert roles["guest"].permission_names == ()


async def test_roles_are_found_and_locked_by_name(sql: Sql) -> None:
    async with sql.uow.begin(ACTOR) as tx:
        found, locked = await tx.roles.find("staff"), await tx.roles.lock("staff")
        assert found is locked
        assert await tx.roles.find("emperor") is None
        assert await tx.roles.lock("emperor") is None


async def test_a_role_is_read_as_it_was_saved(sql: Sql) -> None:
    async with sql.uow.begin(ACTOR) as tx:
        role = there(await tx.roles.lock("staff"))
        by_name = {permission.name: permission for permission in await tx.permissions.all()}
        role.set_permissions([by_name["audit:export"], by_name["user:read"]])
        # Also within the transaction of the change, because the bundle is compiled there.
        [seen] = [each for each in await tx.roles.all() if each.name == "staff"]
        assert seen.permission_names == ("audit:export", "user:read")
        tx.record(FACT)

    async with sql.uow.begin(ACTOR) as tx:
        role = there(await tx.roles.find("staff"))
    assert role.permission_names == ("audit:export", "user:read")
    assert role.version == 5
    assert there(await sql.roles.role("staff")).permissions == role.permission_names


async def test_a_holder_is_read_as_it_was_saved(sql: Sql) -> None:
    subject = new_id()
    await sql.grant(subject, "staff", "user")

    async with sql.uow.begin(ACTOR) as tx:
        holder = there(await tx.holders.lock(subject))
        assert holder.roles == ("staff", "user")
        assert holder.welcomed_at is None
        assert holder.assignments["staff"].reason == "as staff"
        holder.revoke("staff", at=AT)
        holder.welcome("guest", by="governance", at=AT)
        tx.record(FACT)

    async with sql.uow.begin(ACTOR) as tx:
        holder = there(await tx.holders.lock(subject))
        assert holder.roles == ("guest", "user")
        assert holder.welcomed_at == AT


async def test_an_unknown_subject_is_not_found(sql: Sql) -> None:
    async with sql.uow.begin(ACTOR) as tx:
        assert await tx.holders.lock(new_id()) is None
    assert await sql.role_assignments.subject(new_id()) is None
    assert await sql.role_assignments.default_role() == "user"


async def test_a_failed_transaction_writes_nothing(sql: Sql) -> None:
    subject = new_id()
    with pytest.raises(RuntimeError):
        async with sql.uow.begin(ACTOR) as tx:
            holder = RoleHolder.register(subject)
            holder.grant("staff", by="governance", at=AT)
            tx.holders.add(holder)
            raise RuntimeError

    assert await sql.role_assignments.subject(subject) is None


async def test_bundles_follow_one_another(sql: Sql) -> None:
    assert await sql.policies.current_version() == 0
    assert await sql.policies.current_bundle() is None
    first = await sql.publish("one")
    second = await sql.publish("two")

    async with sql.uow.begin(ACTOR) as tx:
        latest = there(await tx.bundles.lock_latest())
    current = there(await sql.policies.current_bundle())
    page = await sql.policies.bundles(PageRequest(1, 20))

    assert (first.version, second.version, latest.version) == (1, 2, 2)
    assert (current.bundle.version, current.policies, current.schema) == (2, "two", "{}")
    assert await sql.policies.current_version() == 2
    assert [bundle.version for bundle in page.items] == [2, 1]
    assert [bundle.id for bundle in page.items] == [second.id, first.id]


async def test_views_return_what_was_written(sql: Sql) -> None:
    subject = new_id()
    await sql.grant(subject, "staff")

    roles = await sql.roles.roles(retired=False)
    permissions = await sql.permissions.permissions()
    view = there(await sql.role_assignments.subject(subject))

    assert [(role.name, role.is_default, len(role.permissions)) for role in roles] == [
        ("admin", False, 23),
        ("guest", False, 0),
        ("organization-admin", False, 5),
        ("staff", False, 9),
        ("user", True, 2),
    ]
    assert (permissions[0].category, permissions[0].name) == ("access", "access:evaluate")
    assert view.roles == ("staff",)
    assert (view.assignments[0].granted_by, view.assignments[0].granted_at) == ("governance", AT)
    assert await sql.roles.role("emperor") is None


async def test_a_subject_without_remaining_roles_stays_registered(sql: Sql) -> None:
    subject = new_id()
    await sql.grant(subject, "staff")
    async with sql.uow.begin(ACTOR) as tx:
        holder = there(await tx.holders.lock(subject))
        holder.revoke("staff", at=AT)
        tx.record(FACT)

    view = there(await sql.role_assignments.subject(subject))

    assert (view.roles, view.assignments) == ((), ())


async def test_assignments_are_filtered_and_paged_newest_first(sql: Sql) -> None:
    subjects = sorted(new_id() for _ in range(5))
    for day, subject in enumerate(subjects, 1):
        await sql.grant(subject, "user", *(["staff"] if day > 3 else []), at=AT.replace(day=day))

    every = await sql.role_assignments.assignments(PageRequest(1, 20), role=None, subject_id=None, organization_id=None)
    staff = await sql.role_assignments.assignments(PageRequest(1, 1), role="staff", subject_id=None, organization_id=None)
    last = await sql.role_assignments.assignments(PageRequest(3, 3), role=None, subject_id=None, organization_id=None)
    beyond = await sql.role_assignments.assignments(PageRequest(9, 3), role=None, subject_id=None, organization_id=None)
    one = await sql.role_assignments.assignments(PageRequest(1, 20), role=None, subject_id=subjects[4], organization_id=None)
    none = await sql.role_assignments.assignments(PageRequest(1, 20), role="guest", subject_id=subjects[4], organization_id=None)

    assert every.total == 7
    assert [(view.subject_id, view.role) for view in every.items[:2]] == [(subjects[4], "staff"), (subjects[4], "user")]
    assert every.items[-1].subject_id == subjects[0]
    assert (staff.total, [view.subject_id for view in staff.items]) == (2, [subjects[4]])
    assert (last.total, len(last.items)) == (7, 1)
    assert (beyond.total, list(beyond.items)) == (7, [])
    assert [view.role for view in one.items] == ["staff", "user"]
    assert (none.total, list(none.items)) == (0, [])


def rule(
    name: str = "large", *, threshold: str = "50000.5", counterparty: UUID | None = None, window: Window | None = None
) -> ApprovalRule:
    terms = ApprovalTerms(
        currency="NAD",
        threshold=Decimal(threshold),
        kinds=("payment", "transfer"),
        role="user",
        counterparty=counterparty,
        window=window,
        description="Large payments need two",
    )
    return ApprovalRule.make(name, terms)


async def test_approval_rules_are_read_completely_within_the_transaction_and_after(sql: Sql) -> None:
    first, second = rule("a", counterparty=new_id(), window=Window(24)), rule("b", threshold="0")
    async with sql.uow.begin(ACTOR) as tx:
        tx.approval_rules.add(second)
        tx.approval_rules.add(first)
        assert [found.name for found in await tx.approval_rules.all()] == ["a", "b"]
        tx.record(FACT)
    async with sql.uow.begin(ACTOR) as tx:
        found = there(await tx.approval_rules.find("a"))
        assert found.terms == first.terms
        assert await tx.approval_rules.find("c") is None
        assert there(await sql.approval_rules.approval_rule("a")).window == Window(24)
        assert there(await sql.approval_rules.approval_rule("b")).window is None
        found.change(ApprovalTerms(currency="USD", threshold=Decimal(1)))
        assert {known.name: known.version for known in await tx.approval_rules.all()} == {"a": 2, "b": 1}
        tx.record(FACT)
    view = there(await sql.approval_rules.approval_rule("a"))
    assert (view.currency, view.threshold, view.kinds, view.role, view.counterparty) == ("USD", Decimal(1), (), None, None)
    assert (view.version, view.window) == (2, None)


async def test_only_rules_in_force_are_listed_page_by_page(sql: Sql) -> None:
    gone = rule("b")
    gone.withdraw()
    async with sql.uow.begin(ACTOR) as tx:
        for made in (rule("c"), gone, rule("a", window=Window(744))):
            tx.approval_rules.add(made)
        tx.record(FACT)
    page = await sql.approval_rules.approval_rules(PageRequest(1, 1))
    assert ([(item.name, item.window) for item in page.items], page.total) == ([("a", Window(744))], 2)
    assert [item.name for item in (await sql.approval_rules.approval_rules(PageRequest(2, 1))).items] == ["c"]
    assert there(await sql.approval_rules.approval_rule("b")).is_withdrawn
