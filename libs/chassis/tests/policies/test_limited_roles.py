"""Roles for one organization or for a time: what they open, what they never open, and how the copy of them is kept."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from uuid import UUID

import grpc
import pytest

from chassis.auth import AccessControl, EndedMemberships, SubjectRoles
from chassis.auth.access_control import Scope
from chassis.auth.governance import GovernanceEndings
from chassis.auth.revocations import Revocations
from chassis.policies import (
    Bundle,
    BundleRefresher,
    GovernanceLimitedRoles,
    LimitedRole,
    Policies,
    Resource,
    SubjectRow,
)
from chassis.policies.limited_roles import LimitedRoles
from chassis.rpc import RpcServer, RpcService, connect
from chassis.settings import ServiceSettings
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import bundle_of, limited, permitting
from chassis.testing.tokens import TokenForge
from elcorp.governance.v1.events_pb2 import LimitedRolesChanged
from elcorp.governance.v1.limited_roles_pb2 import LimitedRole as LimitedRoleMessage
from kernel.actor import Actor, ActorKind
from kernel.errors import AccessDenied, Unavailable
from kernel.feeds import FeedPage
from kernel.ids import new_id

GRANTS = {"user": ["payment:create", "audit:view"], "auditor": ["audit:view"], "office": ["payment:create", "role:manage"]}
OURS, THEIRS = new_id(), new_id()
HOUR = 3600.0
GUEST = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"guest"}))


@pytest.fixture
def policies(clock: ControlledClock) -> Policies:
    return permitting(GRANTS, clock)


def of(organization_id: object) -> Resource:
    return Resource("wallet", "7", {"organization": str(organization_id)})


def at(clock: ControlledClock, *, hours: float) -> float:
    return clock.now().timestamp() + hours * HOUR


def test_a_scoped_role_counts_only_for_what_belongs_to_its_organization(policies: Policies) -> None:
    limited(policies, GUEST.subject_id, LimitedRole("user", str(OURS)))
    assert policies.allows(GUEST, "payment:create", of(OURS))
    assert policies.allows_within(GUEST, "payment:create", OURS)
    assert not policies.allows(GUEST, "payment:create", of(THEIRS))
    assert not policies.allows_within(GUEST, "payment:create", THEIRS)
    assert not policies.allows(GUEST, "payment:create")
    assert not policies.allows_within(GUEST, "payment:create", None)
    assert not policies.allows(GUEST, "payment:create", Resource("wallet", "7"))
    # Acting for the organization alone opens nothing: what counts is whose the thing is.
    assert not policies.allows(replace(GUEST, organization_id=OURS), "payment:create")
    stranger = replace(GUEST, subject_id=str(new_id()))
    assert not policies.allows(stranger, "payment:create", of(OURS))


def test_a_dated_role_counts_from_its_start_until_its_end(policies: Policies, clock: ControlledClock) -> None:
    limited(policies, GUEST.subject_id, LimitedRole("user", None, at(clock, hours=1), at(clock, hours=2)))
    found = []
    for _ in range(4):
        policies.load(bundle_of(GRANTS))
        found.append(policies.allows(GUEST, "payment:create"))
        clock.advance(seconds=HOUR - 1)
        policies.load(bundle_of(GRANTS))
        found.append(policies.allows(GUEST, "payment:create"))
        clock.advance(seconds=1)
    assert found == [False, False, True, True, False, False, False, False]


def test_a_revoked_role_counts_no_more_and_a_late_event_does_not_bring_it_back(policies: Policies) -> None:
    role = LimitedRole("user", str(OURS))
    limited(policies, GUEST.subject_id, role, version=1)
    limited(policies, GUEST.subject_id, version=3)
    limited(policies, GUEST.subject_id, role, version=2)
    assert not policies.allows(GUEST, "payment:create", of(OURS))


@pytest.mark.parametrize("age_seconds", [0, 299, 3599])
def test_an_old_copy_opens_nothing_elsewhere(policies: Policies, clock: ControlledClock, age_seconds: float) -> None:
    """Nothing arrives from governance: no events, no refresh."""
    limited(policies, GUEST.subject_id, LimitedRole("user", str(OURS)))
    clock.advance(seconds=age_seconds)
    assert policies.allows(GUEST, "audit:view", of(OURS))
    assert not policies.allows(GUEST, "audit:view", of(THEIRS))
    assert not policies.allows(GUEST, "audit:view")
    for resource in (of(THEIRS), None):
        try:
            assert not policies.allows(GUEST, "payment:create", resource)
        except Unavailable:
            assert age_seconds > 300


def test_after_an_hour_without_governance_nothing_is_decided(policies: Policies, clock: ControlledClock) -> None:
    limited(policies, GUEST.subject_id, LimitedRole("user", str(OURS)))
    clock.advance(seconds=HOUR + 1)
    for resource in (of(OURS), of(THEIRS), None):
        with pytest.raises(Unavailable):
            policies.allows(GUEST, "audit:view", resource)


def test_a_role_ends_on_time_in_an_old_copy(policies: Policies, clock: ControlledClock) -> None:
    limited(policies, GUEST.subject_id, LimitedRole("auditor", None, None, at(clock, hours=0.5)))
    assert policies.allows(GUEST, "audit:view")
    clock.advance(seconds=HOUR / 2)
    assert not policies.allows(GUEST, "audit:view")


def test_privileged_roles_within_limits_count_as_privileged(policies: Policies, clock: ControlledClock) -> None:
    limited(policies, GUEST.subject_id, LimitedRole("office", str(OURS)), LimitedRole("user", str(OURS)))
    assert policies.roles_beyond_default(GUEST.subject_id, GUEST.roles) == {"office"}
    assert policies.roles_beyond_default(str(new_id()), GUEST.roles) == frozenset()


@dataclass
class Case:
    """What each scope of an operation admits, for a holder of a role in OURS."""

    within: Scope
    acts_for: UUID | None
    admitted: bool


CASES = [
    Case(Scope.PLATFORM, None, admitted=False),
    Case(Scope.PLATFORM, OURS, admitted=False),
    Case(Scope.ORGANIZATION, None, admitted=False),
    Case(Scope.ORGANIZATION, OURS, admitted=True),
    Case(Scope.ORGANIZATION, THEIRS, admitted=False),
    Case(Scope.RESOURCE, None, admitted=True),
    Case(Scope.RESOURCE, THEIRS, admitted=True),
]


@pytest.mark.parametrize("case", CASES)
def test_an_operation_says_whether_a_scoped_role_opens_it(policies: Policies, clock: ControlledClock, case: Case) -> None:
    control = AccessControl(TokenForge(clock).verifier(), SubjectRoles(clock), policies, Revocations(), EndedMemberships(clock))
    limited(policies, GUEST.subject_id, LimitedRole("user", str(OURS)))
    actor = replace(GUEST, organization_id=case.acts_for)
    if case.admitted:
        control.authorize(actor, "payment:create", within=case.within)
    else:
        with pytest.raises(AccessDenied):
            control.authorize(actor, "payment:create", within=case.within)
    with pytest.raises(AccessDenied):
        control.authorize(actor, "role:manage", within=case.within)


@dataclass
class Feed:
    """Pages that a test prepared, by cursor."""

    pages: dict[str, FeedPage[SubjectRow]]
    asked: list[str] = field(default_factory=list)
    inactive: Collection[str] = ()

    async def inactive_organizations(self) -> Collection[str]:
        return self.inactive

    async def page(self, cursor: str) -> FeedPage[SubjectRow]:
        self.asked.append(cursor)
        await asyncio.sleep(0)
        return self.pages[cursor]


def page(*rows: SubjectRow, cursor: str, restart: str, is_last: bool = True, is_reset: bool = False) -> FeedPage[SubjectRow]:
    return FeedPage(rows, cursor, restart, is_last, is_reset)


def row(subject_id: str, *roles: str, version: int = 1) -> SubjectRow:
    return SubjectRow(subject_id, [LimitedRole(role) for role in roles], version)


def held(copy: LimitedRoles, *subjects: str) -> list[Sequence[str]]:
    return [sorted(copy.on(subject, organization_id=None, at=0)) for subject in subjects]


async def test_the_copy_is_filled_and_then_only_changes_are_read() -> None:
    feed = Feed(
        {
            "": page(row("a", "x"), cursor="1", restart="10", is_last=False),
            "1": page(row("b", "y"), cursor="2", restart="11"),
            "10": page(row("a", version=2), row("c", "z"), cursor="3", restart="12"),
            "12": page(cursor="12", restart="12"),
        }
    )
    copy = LimitedRoles()
    await copy.refresh(feed)
    assert held(copy, "a", "b", "c") == [["x"], ["y"], []]
    await copy.refresh(feed)
    assert held(copy, "a", "b", "c") == [[], ["y"], ["z"]]
    await copy.refresh(feed)
    assert feed.asked == ["", "1", "10", "12"]


async def test_another_history_replaces_the_copy_as_a_whole() -> None:
    feed = Feed({"": page(row("a", "x", version=7), row("b", "y"), cursor="1", restart="1")})
    copy = LimitedRoles()
    await copy.refresh(feed)
    # After a restored backup, the versions begin lower, and subjects may be gone.
    feed.pages = {
        "1": page(cursor="", restart="", is_last=False, is_reset=True),
        "": page(row("a", "z", version=2), cursor="5", restart="5"),
    }
    await copy.refresh(feed)
    assert held(copy, "a", "b") == [["z"], []]


async def test_a_failed_refresh_keeps_the_copy_and_begins_where_it_was() -> None:
    feed = Feed({"": page(row("a", "x"), cursor="1", restart="1")})
    copy = LimitedRoles()
    await copy.refresh(feed)
    with pytest.raises(KeyError):
        await copy.refresh(feed)
    assert held(copy, "a") == [["x"]]
    feed.pages["1"] = page(row("a", "y", version=2), cursor="2", restart="2")
    await copy.refresh(feed)
    assert held(copy, "a") == [["y"]]


async def test_an_event_during_a_fill_is_not_lost() -> None:
    copy = LimitedRoles()

    class Slow(Feed):
        async def page(self, cursor: str) -> FeedPage[SubjectRow]:
            found = await super().page(cursor)
            # It was announced after governance had read the page.
            copy.apply(row("a", "new", version=2))
            return found

    await copy.refresh(Slow({"": page(row("a", "old"), cursor="1", restart="1")}))
    assert held(copy, "a") == [["new"]]


async def test_an_event_says_all_roles_with_their_limits(clock: ControlledClock) -> None:
    message = LimitedRolesChanged(subject_id="a", version=1)
    role = LimitedRoleMessage(role="staff", organization_id=str(OURS))
    role.starts_at.FromMicroseconds(1_500_000)
    role.ends_at.FromSeconds(3)
    message.roles.append(role)
    copy = LimitedRoles()

    @dataclass
    class Delivery:
        message: Any

    await copy.on_changed(Delivery(message))
    found = [copy.on("a", organization_id=str(OURS), at=seconds) for seconds in (1.4, 1.5, 2.9, 3)]
    assert found == [frozenset(), {"staff"}, {"staff"}, frozenset()]


async def test_bundle_and_limited_roles_are_current_only_together(policies: Policies, clock: ControlledClock) -> None:
    class Bundles:
        async def fetch(self, known_version: int) -> None:
            assert known_version == 1

    class Away:
        async def inactive_organizations(self) -> Collection[str]:
            return ()

        async def page(self, cursor: str) -> FeedPage[SubjectRow]:
            raise Unavailable(dependency=cursor or "governance")

    clock.advance(seconds=200)
    assert not await BundleRefresher(Bundles(), policies, limited_roles=Away()).refresh()
    assert policies.age_seconds == 200
    feed = Feed({"": page(row("a", "x"), cursor="1", restart="1")})
    assert await BundleRefresher(Bundles(), policies, limited_roles=feed).refresh()
    assert policies.age_seconds == 0
    assert policies.limited_roles.has("a")


async def test_nothing_is_decided_before_what_else_must_be_known_is_read(clock: ControlledClock) -> None:
    class Bundles:
        async def fetch(self, known_version: int) -> Bundle | None:
            return bundle_of(GRANTS) if known_version == 0 else None

    is_away = True

    async def before() -> None:
        if is_away:
            raise Unavailable(dependency="governance")

    policies = Policies(clock)
    refresher = BundleRefresher(Bundles(), policies, before=before)
    assert not await refresher.refresh()
    assert not refresher.ready
    is_away = False
    assert await refresher.refresh()
    assert refresher.ready


async def test_a_process_decides_only_when_it_knows_policies_and_roles(clock: ControlledClock) -> None:
    class Bundles:
        async def fetch(self, known_version: int) -> Bundle | None:
            return bundle_of(GRANTS) if known_version == 0 else None

    seen = []

    class Watching(Feed):
        async def inactive_organizations(self) -> Collection[str]:
            seen.append(refresher.ready)
            return ()

    policies = Policies(clock)
    feed = Watching({"": page(row(GUEST.subject_id, "user"), cursor="1", restart="1")})
    refresher = BundleRefresher(Bundles(), policies, limited_roles=feed)
    assert await refresher.refresh()
    assert (seen, refresher.ready, policies.age_seconds) == ([False], True, 0)
    assert policies.allows_within(GUEST, "payment:create", OURS)


async def test_roles_for_an_organization_that_is_not_active_are_not_in_force(policies: Policies) -> None:
    mine = SubjectRow(GUEST.subject_id, [LimitedRole("user", str(OURS)), LimitedRole("auditor", str(THEIRS))], 1)
    feed = Feed({"": page(mine, cursor="1", restart="1"), "1": page(cursor="1", restart="1")})
    for inactive, permitted in (((), True), ((str(OURS),), False), ((), True)):
        feed.inactive = inactive
        await policies.limited_roles.refresh(feed)
        assert policies.allows_within(GUEST, "payment:create", OURS) is permitted
        assert policies.allows(GUEST, "payment:create", of(OURS)) is permitted
        assert policies.decide_somewhere(GUEST, "payment:create").allowed is permitted
        # Other organizations are not concerned.
        assert policies.allows_within(GUEST, "audit:view", THEIRS)


NAME = "elcorp.governance.v1.PolicyService"


class PaymentsSettings(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


async def test_governance_of_the_previous_release_has_none() -> None:
    def without_the_method(_servicer: object, server: Any) -> None:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, {}),))

    served = RpcService(without_the_method, None, NAME)
    server = RpcServer("127.0.0.1", 0, [served])
    await server.start()
    try:
        settings = PaymentsSettings(governance_target=f"dns:///127.0.0.1:{server.port}")
        async with connect(settings, "governance") as channel:
            assert await GovernanceLimitedRoles(channel).page("") == FeedPage([], "", "", is_last=True)
            assert await GovernanceLimitedRoles(channel).inactive_organizations() == ()
            assert await GovernanceEndings(channel).endings() == ()
    finally:
        await server.stop(0)
