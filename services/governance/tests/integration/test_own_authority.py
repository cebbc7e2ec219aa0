"""Role managers cannot grant permissions that they lack, or change roles and users that have such permissions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import unchanged
from governance.application import Governance
from governance.domain.errors import BeyondAuthority, BeyondOwnPermissions
from kernel.actor import Actor, ActorKind
from kernel.errors import DomainError
from kernel.ids import new_id
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.registry import wired
from services.governance.tests.stored import assigned

SERVICE = Actor.service("governance")
CLERKS = ("role:manage", "user:update")


@pytest.fixture
def subjects() -> FakeSubjects:
    return FakeSubjects()


@pytest.fixture
async def app(database: Database, subjects: FakeSubjects, clock: ControlledClock) -> Governance:
    """Governance in which the role `guest` is a clerk's: it permits managing roles and changing users, and nothing else."""
    app = wired(database, subjects, clock)
    await app.roles.set_role_permissions(actor=SERVICE, role_name="guest", permissions=CLERKS, version=1)
    return app


@pytest.fixture
async def admin(database: Database, subjects: FakeSubjects) -> Actor:
    return await person(database, subjects, "admin")


@pytest.fixture
async def clerk(database: Database, subjects: FakeSubjects) -> Actor:
    return await person(database, subjects, "guest")


async def person(database: Database, subjects: FakeSubjects, role: str) -> Actor:
    subject_id = known(subjects)
    await assigned(database, subject_id, role)
    # The token has more roles than the tables, but only the tables count.
    return Actor(kind=ActorKind.USER, subject_id=str(subject_id), roles=frozenset({"admin"}))


def known(subjects: FakeSubjects) -> UUID:
    subject_id = new_id()
    subjects.active.add(subject_id)
    return subject_id


@asynccontextmanager
async def refuses(database: Database, refusal: type[DomainError]) -> AsyncIterator["pytest.ExceptionInfo[DomainError]"]:
    """Expect an error that changes no row: no role, assignment, bundle or outbox message."""
    async with unchanged(database):
        with pytest.raises(refusal) as refused:
            yield refused
    assert (refused.value.code, refused.value.kind) == ("ACC_003", "denied")


async def change(app: Governance, actor: Actor, name: str, *, add: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> None:
    role = await app.roles.get_role(name=name)
    permissions = {*role.permissions, *add} - {*drop}
    await app.roles.set_role_permissions(actor=actor, role_name=name, permissions=permissions, version=role.version)


async def test_a_role_cannot_get_permissions_that_the_actor_lacks(app: Governance, database: Database, clerk: Actor) -> None:
    every = tuple(each.name for each in await app.permissions.list_permissions())
    for role in ("guest", "user"):
        async with refuses(database, BeyondOwnPermissions) as refused:
            await change(app, clerk, role, add=every)
    own = {*CLERKS, "payment:create", "user:read"}
    assert refused.value.details == {"permissions": sorted(set(every) - own)}


@pytest.mark.parametrize("role", ["admin", "staff"])
async def test_a_role_with_permissions_that_the_actor_lacks_cannot_be_weakened(
    app: Governance, database: Database, clerk: Actor, role: str
) -> None:
    permissions = (await app.roles.get_role(name=role)).permissions
    for drop in (permissions, ("user:read",), ()):
        async with refuses(database, BeyondOwnPermissions):
            await change(app, clerk, role, drop=drop)


async def test_roles_of_a_subject_with_more_permissions_cannot_be_revoked(
    app: Governance, database: Database, subjects: FakeSubjects, admin: Actor, clerk: Actor
) -> None:
    await app.role_assignments.grant_role(actor=SERVICE, subject_id=admin.user_id, role="user")
    staff = await person(database, subjects, "staff")
    for other, role in ((admin, "admin"), (admin, "user"), (staff, "staff")):
        async with refuses(database, BeyondAuthority):
            await app.role_assignments.revoke_role(actor=clerk, subject_id=other.user_id, role=role)


async def test_a_role_with_permissions_that_the_actor_lacks_cannot_be_granted(
    app: Governance, database: Database, subjects: FakeSubjects, clerk: Actor
) -> None:
    second = known(subjects)
    for role in ("admin", "staff"):
        async with refuses(database, BeyondOwnPermissions):
            await app.role_assignments.grant_role(actor=clerk, subject_id=second, role=role)


async def test_a_role_cannot_be_granted_to_a_subject_with_more_permissions(
    app: Governance, database: Database, admin: Actor, clerk: Actor
) -> None:
    for role in ("guest", "user"):
        async with refuses(database, BeyondAuthority):
            await app.role_assignments.grant_role(actor=clerk, subject_id=admin.user_id, role=role)


@pytest.mark.usefixtures("admin")
async def test_an_actor_without_roles_can_manage_nothing(app: Governance, database: Database, subjects: FakeSubjects) -> None:
    """The token is from before the actor's last role was revoked."""
    lost = await person(database, subjects, "guest")
    await app.role_assignments.revoke_role(actor=SERVICE, subject_id=lost.user_id, role="guest")
    async with refuses(database, BeyondOwnPermissions):
        await app.role_assignments.grant_role(actor=lost, subject_id=known(subjects), role="guest")
    async with refuses(database, BeyondOwnPermissions):
        await change(app, lost, "guest", drop=CLERKS)


async def test_actors_grant_and_revoke_within_their_own_permissions(
    app: Governance, database: Database, subjects: FakeSubjects, admin: Actor, clerk: Actor
) -> None:
    """Equals may act on each other, and everybody may grant and revoke permissions of the default role."""
    second, equal = known(subjects), await person(database, subjects, "guest")
    for role in ("guest", "user"):
        await app.role_assignments.grant_role(actor=clerk, subject_id=second, role=role)
    assert await app.role_assignments.revoke_role(actor=clerk, subject_id=second, role="guest") == ("user",)
    assert await app.role_assignments.revoke_role(actor=clerk, subject_id=equal.user_id, role="guest") == ()
    await change(app, clerk, "user", drop=("payment:create",))
    await change(app, clerk, "guest", add=("user:read",), drop=("user:update",))
    assert (await app.roles.get_role(name="guest")).permissions == ("role:manage", "user:read")
    await change(app, admin, "guest", add=("user:update", "audit:view"))
    await app.role_assignments.grant_role(actor=admin, subject_id=second, role="admin")
    assert await app.role_assignments.revoke_role(actor=admin, subject_id=second, role="admin") == ("user",)
    # Actors may revoke their own role.
    assert await app.role_assignments.revoke_role(actor=clerk, subject_id=clerk.user_id, role="guest") == ()


async def test_the_platform_itself_is_exempt(app: Governance, subjects: FakeSubjects, admin: Actor) -> None:
    second = known(subjects)
    await app.role_assignments.grant_role(actor=SERVICE, subject_id=second, role="admin")
    assert await app.role_assignments.revoke_role(actor=SERVICE, subject_id=admin.user_id, role="admin") == ()
    await change(app, SERVICE, "staff", add=("user:update",))
