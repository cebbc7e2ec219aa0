"""Administrators cannot lock everybody out: after any changes, even concurrent ones, someone can manage roles."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from governance.application import Governance
from governance.application.standings.follow_standing import FollowStanding
from governance.application.standings.reconcile_standings import BATCH
from governance.domain.errors import BeyondAuthority, IndispensablePermission, LastAdministrator
from kernel.actor import Actor
from kernel.errors import Unavailable
from kernel.ids import new_id
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.registry import wired
from services.governance.tests.stored import GUARD, assigned, lock_held, rows, sent

SERVICE = Actor.service("governance")
IDENTITY = Actor.service("identity")
ROUNDS = 5

Way = Callable[[Governance, UUID, UUID], Awaitable[object]]


@pytest.fixture
def subjects() -> FakeSubjects:
    return FakeSubjects()


@pytest.fixture
def app(database: Database, subjects: FakeSubjects, clock: ControlledClock) -> Governance:
    return wired(database, subjects, clock)


@pytest.fixture
def follow(app: Governance) -> FollowStanding:
    return app.standings.follow_standing


async def holder(app: Governance, role: str = "admin") -> UUID:
    subject_id = new_id()
    await app.role_assignments.grant_initial_role(actor=SERVICE, subject_id=subject_id, role=role)
    return subject_id


async def disable(app: Governance, by: UUID, subject_id: UUID, *, version: int = 1) -> None:
    await app.standings.disable_subject(actor=IDENTITY, by=by, subject_id=subject_id, version=version)


async def revoke(app: Governance, by: UUID, subject_id: UUID, role: str = "admin") -> object:
    return await app.role_assignments.revoke_role(actor=Actor.service(str(by)), subject_id=subject_id, role=role)


async def unable(database: Database) -> set[UUID]:
    return {subject for (subject,) in await rows(database, "SELECT subject_id FROM subject_standings WHERE NOT is_able")}


async def managers(database: Database) -> set[UUID]:
    """Return the users who can manage roles, counted over all rows, unlike the guard does."""
    query = "SELECT a.subject_id FROM role_assignments a JOIN role_permissions p USING (role) WHERE p.permission = 'role:manage'"
    return {subject for (subject,) in await rows(database, query)} - await unable(database)


@pytest.mark.parametrize(
    "ways",
    [
        pytest.param((disable, disable), id="each disables the other"),
        pytest.param((revoke, revoke), id="each revokes the other"),
        pytest.param((disable, revoke), id="one disables, the other revokes"),
        pytest.param((disable, lambda app, _, own: revoke(app, own, own)), id="one disables the other and revokes the own role"),
    ],
)
async def test_two_administrators_acting_concurrently_leave_one(
    app: Governance, database: Database, ways: tuple[Way, Way]
) -> None:
    for _ in range(ROUNDS):
        first, second = await holder(app), await holder(app)
        for other in await managers(database) - {first, second}:
            await disable(app, first, other)

        outcomes = await asyncio.gather(ways[0](app, first, second), ways[1](app, second, first), return_exceptions=True)

        (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        # BeyondAuthority if the role was revoked before its holder's permissions were checked.
        assert isinstance(refused, LastAdministrator | BeyondAuthority)
        assert len(await managers(database)) == 1
        await holder(app)


async def test_disabling_many_concurrently_leaves_one(app: Governance, database: Database) -> None:
    held = [await holder(app) for _ in range(6)]
    outcomes = await asyncio.gather(
        *(disable(app, held[place - 1], subject) for place, subject in enumerate(held)), return_exceptions=True
    )
    assert [type(each) for each in outcomes if each is not None] == [LastAdministrator]
    assert len(await managers(database)) == 1


async def test_users_who_are_unable_to_act_are_not_counted(app: Governance, database: Database) -> None:
    first, second = await holder(app), await holder(app)
    await disable(app, first, second)
    for way in (revoke(app, first, first), disable(app, first, first)):
        with pytest.raises(LastAdministrator):
            await way
    # Neither change removes a manager: revoking a role of a user who cannot act, and disabling a user again.
    await disable(app, first, second)
    await revoke(app, first, second)
    assert await managers(database) == {first}


async def test_any_role_with_the_permission_counts_for_role_management(app: Governance, database: Database) -> None:
    last, staff = await holder(app), await holder(app, "staff")
    with pytest.raises(LastAdministrator):
        await disable(app, last, last)
    role = await app.roles.get_role(name="staff")
    permissions = [*role.permissions, "role:manage", "policy:manage"]
    changed = await app.roles.set_role_permissions(
        actor=SERVICE, role_name="staff", permissions=permissions, version=role.version
    )
    await revoke(app, last, last)
    assert await managers(database) == {staff}
    with pytest.raises(LastAdministrator):
        await revoke(app, staff, staff, "staff")
    with pytest.raises(IndispensablePermission):
        await app.roles.set_role_permissions(actor=SERVICE, role_name="staff", permissions=[], version=changed.version)


@pytest.mark.parametrize("permission", ["role:manage", "policy:manage"])
async def test_a_permission_can_be_removed_if_another_held_role_has_it(app: Governance, permission: str) -> None:
    first, second = await holder(app), await holder(app, "staff")

    async def change(name: str, *, without: str | None = None, also: str | None = None) -> None:
        role = await app.roles.get_role(name=name)
        permissions = [*(each for each in role.permissions if each != without), *([also] if also else [])]
        await app.roles.set_role_permissions(actor=SERVICE, role_name=name, permissions=permissions, version=role.version)

    with pytest.raises(IndispensablePermission) as refused:
        await change("admin", without=permission)
    assert refused.value.details == {"permission": permission}
    await change("staff", also=permission)
    await disable(app, first, second)
    with pytest.raises(IndispensablePermission):
        await change("admin", without=permission)
    await holder(app, "staff")
    await change("admin", without=permission)
    assert permission not in (await app.roles.get_role(name="admin")).permissions


async def test_removing_permissions_while_disabling_the_other_holder_leaves_one(app: Governance, database: Database) -> None:
    for _ in range(ROUNDS):
        first, second = await holder(app), await holder(app, "staff")
        admin, staff = await app.roles.get_role(name="admin"), await app.roles.get_role(name="staff")
        for other in await managers(database) - {first, second}:
            await disable(app, first, other)
        permissions = {*staff.permissions, *admin.permissions}
        await app.roles.set_role_permissions(actor=SERVICE, role_name="staff", permissions=permissions, version=staff.version)

        outcomes = await asyncio.gather(
            app.roles.set_role_permissions(actor=SERVICE, role_name="admin", permissions=["user:read"], version=admin.version),
            disable(app, first, second),
            return_exceptions=True,
        )

        refused = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        # If the role is changed first, its holder has fewer permissions than the other.
        assert refused in ([BeyondAuthority], [IndispensablePermission])
        assert len(await managers(database)) == 1
        admin = await app.roles.get_role(name="admin")
        await app.roles.set_role_permissions(actor=SERVICE, role_name="admin", permissions=permissions, version=admin.version)
        await holder(app)


async def test_a_user_with_more_permissions_cannot_be_disabled(app: Governance, database: Database) -> None:
    admin, staff, user = await holder(app), await holder(app, "staff"), await holder(app, "user")
    stranger = new_id()
    for by, subject in ((staff, admin), (user, staff), (stranger, staff)):
        with pytest.raises(BeyondAuthority):
            await app.standings.require_authority(actor=IDENTITY, by=by, subject_id=subject)
        with pytest.raises(BeyondAuthority):
            await disable(app, by, subject)
    assert await unable(database) == set()
    # Users with the same permissions, users with fewer permissions, and the actor.
    for by, subject in ((staff, await holder(app, "staff")), (admin, staff), (staff, user), (user, stranger), (user, user)):
        await disable(app, by, subject)


async def test_a_role_granted_while_a_user_is_being_disabled_counts(
    app: Governance, database: Database, urls: DatabaseUrls
) -> None:
    await holder(app)
    staff, user = await holder(app, "staff"), new_id()
    async with lock_held(urls, GUARD) as waiting:
        disabling = asyncio.create_task(disable(app, staff, user))
        await waiting(1)
        await assigned(database, user)
    with pytest.raises(BeyondAuthority):
        await disabling
    assert await unable(database) == set()


async def test_permissions_of_the_default_role_do_not_count(app: Governance) -> None:
    """A desk that cannot pay may still help users who can. `guest` is a role without the default role's permissions."""
    role = await app.roles.get_role(name="guest")
    await app.roles.set_role_permissions(actor=SERVICE, role_name="guest", permissions=["user:update"], version=role.version)
    desk, user = await holder(app, "guest"), await holder(app, "user")
    await app.standings.require_authority(actor=IDENTITY, by=desk, subject_id=user)
    with pytest.raises(BeyondAuthority):
        await app.standings.require_authority(actor=IDENTITY, by=user, subject_id=desk)


async def test_a_user_counts_again_after_identity_announces_it(
    app: Governance, follow: FollowStanding, database: Database
) -> None:
    first, second = await holder(app), await holder(app)
    await disable(app, first, second, version=3)
    # Earlier announcements arrive late, and the announcement of the suspension contains nothing new.
    for is_able, version in ((True, 2), (True, 3), (False, 4)):
        await follow(actor=SERVICE, subject_id=second, is_able=is_able, version=version)
        assert await unable(database) == {second}
    await follow(actor=SERVICE, subject_id=second, is_able=True, version=5)
    assert await unable(database) == set()
    await follow(actor=SERVICE, subject_id=second, is_able=False, version=4)
    await revoke(app, first, first)
    assert await managers(database) == {second}


async def test_announcements_without_a_version_disable_but_do_not_enable(
    follow: FollowStanding, app: Governance, database: Database
) -> None:
    subject = await holder(app)
    await follow(actor=SERVICE, subject_id=subject, is_able=True, version=0)
    assert await unable(database) == set()
    for is_able in (False, True):
        await follow(actor=SERVICE, subject_id=subject, is_able=is_able, version=0)
    assert await unable(database) == {subject}


async def test_each_recorded_standing_has_a_fact(
    app: Governance, follow: FollowStanding, database: Database, clock: ControlledClock
) -> None:
    first, second = await holder(app), await holder(app)
    before = len(await sent(database, AuditFactsRecorded))
    await disable(app, first, second)
    await follow(actor=SERVICE, subject_id=second, is_able=False, version=2)
    await follow(actor=SERVICE, subject_id=second, is_able=True, version=3)
    facts = [fact for recorded in (await sent(database, AuditFactsRecorded))[before:] for fact in recorded.facts]
    assert [(fact.action, fact.resource_id, fact.actor.subject_id, fact.before, fact.after) for fact in facts] == [
        ("governance.standing.disable", str(second), "identity", '{"able":true}', '{"able":false}'),
        ("governance.standing.follow", str(second), "governance", '{"able":false}', '{"able":true}'),
    ]
    assert list(facts[0].related_ids) == [str(first)]


async def test_users_suspended_before_standings_were_recorded_are_found(
    app: Governance, subjects: FakeSubjects, database: Database
) -> None:
    active, suspended, gone, user = await holder(app), await holder(app), await holder(app, "staff"), await holder(app, "user")
    subjects.active |= {active}
    subjects.suspended |= {suspended, user}
    assert await app.standings.reconcile_standings(actor=SERVICE) == 2
    # Identity is not asked about an ordinary user, who manages nothing.
    assert await unable(database) == {suspended, gone}
    assert await app.standings.reconcile_standings(actor=SERVICE) == 0
    with pytest.raises(LastAdministrator):
        await revoke(app, active, active)


async def test_a_standing_that_identity_did_not_complete_is_corrected(
    app: Governance, subjects: FakeSubjects, database: Database, clock: ControlledClock
) -> None:
    first, second = await holder(app), await holder(app)
    subjects.active |= {first, second}
    await disable(app, first, second)
    # Identity may be about to commit, so its answer at this moment proves nothing.
    assert await app.standings.reconcile_standings(actor=SERVICE) == 0
    clock.advance(seconds=300)
    assert await app.standings.reconcile_standings(actor=SERVICE) == 1
    assert await unable(database) == set()


async def test_a_standing_recorded_while_identity_answers_is_not_changed(
    app: Governance, subjects: FakeSubjects, database: Database, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await holder(app), await holder(app)
    subjects.active |= {first, second}
    await disable(app, first, second)
    clock.advance(seconds=300)

    async def disabled_meanwhile(subject_ids: object) -> frozenset[UUID]:
        await disable(app, first, second, version=2)
        return frozenset({first, second})

    monkeypatch.setattr(subjects, "active_of", disabled_meanwhile)
    clock.advance(seconds=300)
    assert await app.standings.reconcile_standings(actor=SERVICE) == 0
    assert await unable(database) == {second}


async def test_identity_is_asked_in_batches(
    app: Governance, subjects: FakeSubjects, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BATCH == 500
    monkeypatch.setattr("governance.application.standings.reconcile_standings.BATCH", 2)
    held = [await holder(app, "staff") for _ in range(5)]
    subjects.active |= set(held[:-1])
    assert (await app.standings.reconcile_standings(actor=SERVICE), subjects.calls) == (1, 3)
    assert await unable(database) == {held[-1]}


async def test_no_standing_is_corrected_while_identity_is_unavailable(
    app: Governance, subjects: FakeSubjects, database: Database
) -> None:
    await holder(app)
    subjects.away = True
    with pytest.raises(Unavailable):
        await app.standings.reconcile_standings(actor=SERVICE)
    assert await unable(database) == set()
