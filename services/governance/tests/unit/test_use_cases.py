"""The use cases, on fakes."""

from dataclasses import replace
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from governance.application import Governance
from governance.domain.errors import (
    InactiveSubject,
    IndispensablePermission,
    LastAdministrator,
    SelfGrant,
    UnknownPermission,
    UnknownRole,
    UnknownSubject,
    UnsoundPolicies,
)
from governance.domain.events import PolicyBundlePublished, SubjectRolesChanged
from kernel.actor import Actor, ActorKind
from kernel.errors import NotFound, StaleVersion, Unavailable
from kernel.ids import new_id
from services.governance.tests.fakes import FakeChecker, FakeQueries, FakeSubjects, FakeUnitOfWork

ADMIN = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"admin"}))
SERVICE = Actor.service("governance")


class House:
    """The use cases and the fakes behind them."""

    def __init__(self) -> None:
        self.uow = FakeUnitOfWork()
        self.subjects = FakeSubjects()
        self.checker = FakeChecker()
        self.clock = ControlledClock()
        self.app = Governance.of(
            uow=self.uow, subjects=self.subjects, checker=self.checker, queries=FakeQueries(self.uow), clock=self.clock
        )

    def subject(self) -> UUID:
        subject_id = new_id()
        self.subjects.active.add(subject_id)
        return subject_id

    async def roles(self, subject_id: UUID) -> tuple[str, ...]:
        return (await self.app.get_subject_roles(subject_id=subject_id)).roles


@pytest.fixture
def house() -> House:
    return House()


async def test_a_grant_is_announced_and_accounted_for(house: House) -> None:
    subject = house.subject()

    granted = await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff", reason="joined the desk")

    assert granted.created
    assert granted.assignment.granted_by == ADMIN.subject_id
    assert await house.roles(subject) == ("staff",)
    [event] = house.uow.committed.events
    assert isinstance(event, SubjectRolesChanged)
    assert (event.subject_id, event.roles) == (subject, ("staff",))
    [(fact, actor)] = house.uow.committed.facts
    assert (fact.action, fact.resource_id, fact.reason) == ("governance.role.grant", str(subject), "joined the desk")
    assert (fact.before, fact.after) == ({"roles": []}, {"roles": ["staff"]})
    assert str(subject) in fact.related_ids
    assert actor == ADMIN


async def test_granting_again_changes_nothing(house: House) -> None:
    subject = house.subject()
    first = await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")
    house.clock.advance(seconds=60)

    again = await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    assert not again.created
    assert again.assignment.granted_at == first.assignment.granted_at
    assert len(house.uow.facts) == len(house.uow.committed.events) == 1


@pytest.mark.parametrize("role", ["admin", "staff", "user"])
async def test_nobody_grants_to_themselves(house: House, role: str) -> None:
    house.subjects.active.add(ADMIN.user_id)

    with pytest.raises(SelfGrant):
        await house.app.grant_role(actor=ADMIN, subject_id=ADMIN.user_id, role=role)
    assert house.uow.facts == []


async def test_a_stranger_is_granted_nothing(house: House) -> None:
    with pytest.raises(UnknownSubject):
        await house.app.grant_role(actor=ADMIN, subject_id=new_id(), role="staff")


async def test_a_suspended_subject_is_granted_nothing(house: House) -> None:
    subject = new_id()
    house.subjects.suspended.add(subject)

    with pytest.raises(InactiveSubject):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")


async def test_without_identity_nothing_is_granted(house: House) -> None:
    subject = house.subject()
    house.subjects.away = True

    with pytest.raises(Unavailable):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")
    assert house.uow.committed.holders == {}


async def test_an_unknown_role_is_neither_granted_nor_revoked(house: House) -> None:
    subject = house.subject()

    with pytest.raises(UnknownRole):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role="emperor")
    with pytest.raises(UnknownRole):
        await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="emperor")


async def test_a_revocation_is_announced_and_accounted_for(house: House) -> None:
    subject = house.subject()
    await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    remaining = await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="staff", reason="left")

    assert remaining == ()
    event = house.uow.committed.events[-1]
    assert isinstance(event, SubjectRolesChanged)
    assert event.roles == ()
    assert (house.uow.facts[-1].action, house.uow.facts[-1].reason) == ("governance.role.revoke", "left")
    assert (house.uow.facts[-1].before, house.uow.facts[-1].after) == ({"roles": ["staff"]}, {"roles": []})


async def test_who_lost_every_role_has_none(house: House) -> None:
    subject = house.subject()
    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="user")

    assert await house.roles(subject) == ()


async def test_revoking_what_is_not_held_changes_nothing(house: House) -> None:
    subject = house.subject()
    await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    assert await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="user") == ("staff",)
    assert await house.app.revoke_role(actor=ADMIN, subject_id=new_id(), role="user") == ()
    assert len(house.uow.facts) == 1


async def test_a_suspended_subject_can_be_revoked_while_identity_is_away(house: House) -> None:
    subject = house.subject()
    await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")
    house.subjects.away = True

    assert await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="staff") == ()


async def test_the_last_administrator_cannot_be_revoked(house: House) -> None:
    first, second = house.subject(), house.subject()
    for subject in (first, second):
        await house.app.grant_role(actor=ADMIN, subject_id=subject, role="admin")
    await house.app.revoke_role(actor=ADMIN, subject_id=first, role="admin")

    with pytest.raises(LastAdministrator):
        await house.app.revoke_role(actor=ADMIN, subject_id=second, role="admin")
    assert await house.roles(second) == ("admin",)


async def test_a_new_subject_is_welcomed_with_the_default_role(house: House) -> None:
    subject = new_id()
    assert await house.roles(subject) == ("user",)

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await house.roles(subject) == ("user",)
    assert (house.uow.facts[0].action, house.uow.facts[0].after) == ("governance.role.grant", {"roles": ["user"]})
    assert house.uow.committed.holders[subject].welcomed_at == house.clock.now()


async def test_identity_names_the_administrator(house: House) -> None:
    subject = new_id()

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject, role="admin")

    assert await house.roles(subject) == ("admin",)


async def test_a_welcome_with_an_unknown_role_is_refused(house: House) -> None:
    with pytest.raises(UnknownRole):
        await house.app.grant_initial_role(actor=SERVICE, subject_id=new_id(), role="emperor")


async def test_a_repeated_announcement_gives_nothing_back(house: House) -> None:
    subject = house.subject()
    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)
    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)
    assert len(house.uow.facts) == 1
    await house.app.revoke_role(actor=ADMIN, subject_id=subject, role="user")

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await house.roles(subject) == ()


async def test_a_grant_before_the_announcement_stays(house: House) -> None:
    subject = house.subject()
    await house.app.grant_role(actor=ADMIN, subject_id=subject, role="staff")

    await house.app.grant_initial_role(actor=SERVICE, subject_id=subject)

    assert await house.roles(subject) == ("staff", "user")


async def test_the_first_start_publishes_and_the_second_does_not(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)
    await house.app.ensure_bundle(actor=SERVICE)

    [bundle] = house.uow.committed.bundles
    assert bundle.version == 1
    assert [event.version for event in house.uow.committed.events if isinstance(event, PolicyBundlePublished)] == [1]
    assert [fact.action for fact in house.uow.facts] == ["governance.bundle.publish"]


async def test_a_release_that_compiles_differently_publishes_anew(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)
    house.uow.committed.bundles[0].digest = "0" * 64

    await house.app.ensure_bundle(actor=SERVICE)

    assert [bundle.version for bundle in house.uow.committed.bundles] == [1, 2]
    assert house.uow.facts[-1].before == {"version": 1, "digest": "0" * 64}


async def test_setting_permissions_publishes_the_bundle_that_says_so(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)

    role = await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)

    assert (role.version, role.permissions) == (2, ("user:read",))
    assert house.uow.committed.bundles[-1].version == 2
    assert 'Role::"guest", action in [Action::"user:read"]' in house.uow.committed.bundles[-1].policies
    set_fact, publish_fact = house.uow.facts[-2:]
    assert (set_fact.before, set_fact.after) == (
        {"permissions": [], "version": 1},
        {"permissions": ["user:read"], "version": 2},
    )
    assert publish_fact.action == "governance.bundle.publish"


async def test_setting_the_same_permissions_publishes_nothing(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)

    role = await house.app.set_role_permissions(
        actor=ADMIN, role_name="user", permissions=["payment:create", "user:read", "user:read"], version=1
    )

    assert role.version == 1
    assert len(house.uow.committed.bundles) == len(house.uow.facts) == 1


async def test_a_stale_version_is_refused(house: House) -> None:
    await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)

    with pytest.raises(StaleVersion):
        await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=[], version=1)


async def test_unknown_roles_and_permissions_are_refused(house: House) -> None:
    with pytest.raises(NotFound):
        await house.app.set_role_permissions(actor=ADMIN, role_name="emperor", permissions=[], version=1)
    with pytest.raises(UnknownPermission) as refused:
        await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["vault:open"], version=1)
    assert refused.value.facts == {"unknown": ["vault:open"]}


async def test_administrators_cannot_give_up_managing_roles(house: House) -> None:
    with pytest.raises(IndispensablePermission):
        await house.app.set_role_permissions(actor=ADMIN, role_name="admin", permissions=["user:read"], version=1)
    assert len(house.uow.committed.roles["admin"].permissions) == 13


async def test_unsound_policies_leave_everything_as_it_was(house: House) -> None:
    await house.app.ensure_bundle(actor=SERVICE)
    house.checker.sound = False

    with pytest.raises(UnsoundPolicies):
        await house.app.set_role_permissions(actor=ADMIN, role_name="guest", permissions=["user:read"], version=1)
    assert house.uow.committed.roles["guest"].permissions == set()
    assert len(house.uow.committed.bundles) == 1


async def test_the_bundle_comes_only_when_it_is_news(house: House) -> None:
    with pytest.raises(Unavailable):
        await house.app.get_bundle()
    await house.app.ensure_bundle(actor=SERVICE)

    first = await house.app.get_bundle(known_version=0)

    other = await house.app.get_bundle(known_version=7)
    assert first
    assert other
    assert first.bundle.version == other.bundle.version == 1
    assert await house.app.get_bundle(known_version=1) is None


async def test_a_role_is_read_by_its_name(house: House) -> None:
    assert (await house.app.get_role(name="staff")).description == "Staff"
    with pytest.raises(NotFound):
        await house.app.get_role(name="emperor")


async def test_an_actor_of_another_kind_with_the_same_id_is_not_oneself(house: House) -> None:
    subject = house.subject()

    granted = await house.app.grant_role(actor=replace(SERVICE, subject_id="console"), subject_id=subject, role="staff")

    assert granted.assignment.granted_by == "console"
