"""The gRPC contract with other services, over a real server and a real channel."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from grpc import aio
from sqlalchemy import event

from chassis.persistence.database import Database
from chassis.policies import Bundle, GovernanceBundles, Policies
from chassis.rpc import RemoteError, connect
from chassis.settings import ServiceSettings
from chassis.testing.callers import also_name
from chassis.testing.clocks import ControlledClock
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from governance.application import Governance
from governance.interfaces.grpc import rpc_services
from kernel.actor import Actor, ActorKind
from kernel.errors import Kind
from kernel.ids import new_id
from services.governance.tests.contract.rpc import serve_rpc
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.stored import assigned, join, rows

AT, DAY = datetime(2026, 3, 21, tzinfo=UTC), timedelta(days=1)


class IdentitySettings(ServiceSettings):
    """Identity's settings that calls to governance need."""

    NAME: ClassVar[str] = "identity"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


class PaymentsSettings(ServiceSettings):
    """The same settings of payments."""

    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("governance",)


@pytest.fixture
async def target(governance: Governance) -> AsyncIterator[str]:
    async with serve_rpc(rpc_services(governance)) as target:
        yield target


@pytest.fixture
async def channel(target: str) -> AsyncIterator[aio.Channel]:
    """Identity's."""
    async with connect(IdentitySettings(governance_target=target), "governance") as channel:
        yield channel


@pytest.fixture
async def payments(target: str) -> AsyncIterator[aio.Channel]:
    async with connect(PaymentsSettings(governance_target=target), "governance") as channel:
        yield channel


async def test_services_decide_by_the_fetched_bundle(channel: aio.Channel, clock: ControlledClock) -> None:
    source, policies = GovernanceBundles(channel), Policies(clock)

    bundle = await source.fetch(0)
    assert bundle
    policies.load(bundle)

    assert bundle.version == 1
    assert policies.allows(_user("staff"), "payment:approve")
    assert not policies.allows(_user("user"), "payment:approve")
    assert await source.fetch(1) is None


async def test_a_bundle_is_sent_to_callers_with_another_version(channel: aio.Channel, governance: Governance) -> None:
    stub: governance_pb2_grpc.PolicyServiceAsyncStub = governance_pb2_grpc.PolicyServiceStub(channel)
    await governance.roles.set_role_permissions(
        actor=Actor.service("governance"), role_name="guest", permissions=["user:read"], version=1
    )
    text = await governance.policy_bundles.get_bundle()
    assert text
    whole = governance_pb2.GetBundleResponse(version=2, policies=text.policies, schema=text.schema)
    for known, answer in ((0, whole), (1, whole), (2, governance_pb2.GetBundleResponse(version=2)), (3, whole)):
        assert await stub.GetBundle(governance_pb2.GetBundleRequest(known_version=known)) == answer


async def test_a_caller_with_an_old_bundle_fetches_the_new_one(channel: aio.Channel, governance: Governance) -> None:
    await governance.roles.set_role_permissions(
        actor=Actor.service("governance"), role_name="guest", permissions=["user:read"], version=1
    )

    bundle = await GovernanceBundles(channel).fetch(1)

    assert bundle
    assert bundle.version == 2
    assert 'Role::"guest"' in bundle.policies


async def test_roles_of_registered_and_unknown_subjects_are_returned(
    channel: aio.Channel, governance: Governance, subjects: FakeSubjects
) -> None:
    stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)
    subject = new_id()
    subjects.active.add(subject)

    async def roles(subject_id: UUID) -> list[str]:
        request = governance_pb2.GetSubjectRolesRequest(subject_id=str(subject_id))
        return list((await stub.GetSubjectRoles(request)).roles)

    assert await roles(subject) == ["user"]
    await governance.role_assignments.grant_role(actor=Actor.service("governance"), subject_id=subject, role="staff")
    assert await roles(subject) == ["staff"]
    await governance.role_assignments.revoke_role(actor=Actor.service("governance"), subject_id=subject, role="staff")
    assert await roles(subject) == []


async def test_the_organizations_of_a_subject_are_returned_in_the_order_of_joining(
    channel: aio.Channel, database: Database
) -> None:
    stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)
    subject, first, second = new_id(), new_id(), new_id()
    for organization, member, at in ((second, subject, AT + DAY), (first, subject, AT), (first, new_id(), AT)):
        await join(database, organization, member, at=at)

    async def organizations(subject_id: UUID) -> list[str]:
        request = governance_pb2.GetSubjectRolesRequest(subject_id=str(subject_id))
        return list((await stub.GetSubjectRoles(request)).organization_ids)

    assert await organizations(subject) == [str(first), str(second)]
    assert await organizations(new_id()) == []


async def test_payments_learns_which_memberships_exist_now(payments: aio.Channel, database: Database) -> None:
    stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(payments)
    ours, theirs, member, stranger = (new_id() for _ in range(4))
    await join(database, ours, member, at=AT)
    await join(database, theirs, stranger, at=AT)
    asked = [
        governance_pb2.Membership(organization_id=str(organization), subject_id=str(subject))
        for organization, subject in ((ours, member), (ours, stranger), (theirs, member))
    ]
    found = await stub.FindMemberships(governance_pb2.FindMembershipsRequest(memberships=asked))
    assert list(found.memberships) == asked[:1]


async def test_the_members_of_an_organization_are_listed_in_pages(channel: aio.Channel, database: Database) -> None:
    stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)
    ours, theirs, members = new_id(), new_id(), sorted((new_id() for _ in range(3)), key=str)
    for member in (*reversed(members), new_id()):
        await join(database, ours if member in members else theirs, member, at=AT)

    async def page(organization_id: UUID, after: str = "") -> list[str]:
        request = governance_pb2.ListHoldersRequest(organization_id=str(organization_id), after_subject_id=after, limit=2)
        return list((await stub.ListHolders(request)).subject_ids)

    listed = [str(member) for member in members]
    assert [await page(ours), await page(ours, listed[1])] == [listed[:2], listed[2:]]
    assert (await page(new_id())) == []


async def test_roles_of_many_subjects_are_read_by_one_statement(
    channel: aio.Channel, payments: aio.Channel, governance: Governance, subjects: FakeSubjects, database: Database
) -> None:
    of_each: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)
    of_many: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(payments)
    officer, dismissed, stranger = new_id(), new_id(), new_id()
    subjects.active |= {officer, dismissed}
    for subject, roles in ((officer, ("staff", "admin")), (dismissed, ("staff",))):
        for role in roles:
            await governance.role_assignments.grant_role(actor=Actor.service("governance"), subject_id=subject, role=role)
    await governance.role_assignments.revoke_role(actor=Actor.service("governance"), subject_id=dismissed, role="staff")
    others = [new_id() for _ in range(497)]
    asked = [stranger, officer, *others, dismissed]
    # The notification after a commit is a statement too.
    await database.finish()
    statements: list[str] = []

    def note(*execution: Any) -> None:
        statements.append(execution[2])

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    request = governance_pb2.GetRolesOfSubjectsRequest(subject_ids=[str(subject) for subject in asked])
    answer = await of_many.GetRolesOfSubjects(request)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)

    assert len(statements) == 1
    assert [(one.subject_id, list(one.roles)) for one in answer.subjects] == [
        (str(stranger), ["user"]),
        (str(officer), ["admin", "staff"]),
        *((str(other), ["user"]) for other in others),
        (str(dismissed), []),
    ]
    for subject in (stranger, officer, dismissed):
        one = await of_each.GetSubjectRoles(governance_pb2.GetSubjectRolesRequest(subject_id=str(subject)))
        [among_many] = (found for found in answer.subjects if found.subject_id == str(subject))
        assert one.roles == among_many.roles


async def test_holders_of_a_role_or_a_permission_are_listed_in_pages(
    channel: aio.Channel, governance: Governance, subjects: FakeSubjects
) -> None:
    stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)
    officers = sorted((new_id() for _ in range(3)), key=str)
    both, customer = new_id(), new_id()
    subjects.active |= {*officers, both, customer}
    given = [*((officer, "staff") for officer in officers), (both, "staff"), (both, "admin"), (customer, "user")]
    for subject, role in given:
        await governance.role_assignments.grant_role(actor=Actor.service("governance"), subject_id=subject, role=role)

    async def pages(**of: str) -> list[list[str]]:
        found: list[list[str]] = [[]]
        while found == [[]] or len(found[-1]) == 2:
            after = found[-1][-1] if found[-1] else ""
            request = governance_pb2.ListHoldersRequest(**of, after_subject_id=after, limit=2)
            found.append(list((await stub.ListHolders(request)).subject_ids))
        return found[1:]

    everyone = [str(subject) for subject in sorted((*officers, both), key=str)]
    assert await pages(role="staff") == [everyone[:2], everyone[2:], []]
    # Who has the permission by two roles is listed once.
    assert await pages(permission="payment:approve") == [everyone[:2], everyone[2:], []]
    assert await pages(role="admin") == [[str(both)]]
    for unknown in ({"role": "nobody"}, {"permission": "nothing:do"}):
        with pytest.raises(RemoteError) as refused:
            await pages(**unknown)
        assert refused.value.kind is Kind.NOT_FOUND
    invalid = ({"limit": 2}, {"role": "staff", "limit": 0}, {"role": "staff", "limit": 2, "after_subject_id": "me"})
    for asked in invalid:
        with pytest.raises(RemoteError) as refused:
            await stub.ListHolders(governance_pb2.ListHoldersRequest(**asked))
        assert refused.value.kind is Kind.INVALID


@pytest.mark.parametrize("ids", [[], ["me"], [str(UUID(int=0))] * 2, [str(UUID(int=number)) for number in range(501)]])
async def test_a_request_is_for_1_to_500_different_subjects(payments: aio.Channel, ids: list[str]) -> None:
    stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(payments)
    with pytest.raises(RemoteError) as refused:
        await stub.GetRolesOfSubjects(governance_pb2.GetRolesOfSubjectsRequest(subject_ids=ids))
    assert refused.value.kind is Kind.INVALID


@pytest.mark.parametrize(
    "call",
    [
        lambda channel: governance_pb2_grpc.RoleServiceStub(channel).GetSubjectRoles(
            governance_pb2.GetSubjectRolesRequest(subject_id="me")
        ),
        lambda channel: governance_pb2_grpc.PolicyServiceStub(channel).GetBundle(
            governance_pb2.GetBundleRequest(known_version=-1)
        ),
    ],
)
async def test_requests_that_break_the_contract_are_refused(channel: aio.Channel, call: Callable[[aio.Channel], Any]) -> None:
    with pytest.raises(RemoteError) as refused:
        await call(channel)
    assert refused.value.kind is Kind.INVALID


async def test_identity_asks_for_authority_and_about_the_last_administrator(
    channel: aio.Channel, governance: Governance, database: Database
) -> None:
    stub: governance_pb2_grpc.StandingServiceAsyncStub = governance_pb2_grpc.StandingServiceStub(channel)
    admin, other, staff = new_id(), new_id(), new_id()
    for subject, role in ((admin, "admin"), (other, "admin"), (staff, "staff")):
        await governance.role_assignments.grant_initial_role(actor=Actor.service("governance"), subject_id=subject, role=role)

    async def require(actor: UUID, subject: UUID) -> None:
        await stub.RequireAuthority(governance_pb2.RequireAuthorityRequest(actor_id=str(actor), subject_id=str(subject)))

    async def disable(actor: UUID, subject: UUID) -> None:
        request = governance_pb2.DisableSubjectRequest(actor_id=str(actor), subject_id=str(subject), version=4)
        await stub.DisableSubject(request)

    await require(admin, staff)
    for refused_of in (require, disable):
        with pytest.raises(RemoteError) as refused:
            await refused_of(staff, admin)
        assert (refused.value.kind, refused.value.code) == (Kind.DENIED, "ACC_003")
    assert await rows(database, "SELECT * FROM subject_standings") == []
    for _ in range(2):
        await disable(admin, other)
    with pytest.raises(RemoteError) as last:
        await disable(other, admin)
    assert (last.value.kind, last.value.code) == (Kind.REFUSED, "GOV_002")
    assert await rows(database, "SELECT subject_id, is_able, version FROM subject_standings") == [(other, False, 4)]


async def test_only_identity_may_disable_subjects(payments: aio.Channel) -> None:
    stub: governance_pb2_grpc.StandingServiceAsyncStub = governance_pb2_grpc.StandingServiceStub(payments)
    request = governance_pb2.DisableSubjectRequest(actor_id=str(new_id()), subject_id=str(new_id()), version=1)
    with pytest.raises(RemoteError) as refused:
        await stub.DisableSubject(request)
    assert (refused.value.kind, refused.value.code) == (Kind.DENIED, "ACC_001")


def _user(role: str) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({role}))


async def test_access_is_checked_for_peers(
    governance: Governance, database: Database, policies: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies.load(await _in_force(governance))
    # No service asks yet, so the contract names none.
    also_name(monkeypatch, "payments")
    async with (
        serve_rpc(rpc_services(governance)) as target,
        connect(PaymentsSettings(governance_target=target), "governance") as channel,
    ):
        stub: governance_pb2_grpc.AuthorizationServiceAsyncStub = governance_pb2_grpc.AuthorizationServiceStub(channel)
        await _check_access(stub, database)


async def _check_access(stub: "governance_pb2_grpc.AuthorizationServiceAsyncStub", database: Database) -> None:
    clerk, stranger = new_id(), new_id()
    await assigned(database, clerk, "staff")

    def asked(subject: UUID, permission: str = "document:view", **more: str) -> governance_pb2.CheckAccessRequest:
        return governance_pb2.CheckAccessRequest(subject_id=str(subject), permission=permission, **more)

    allowed = await stub.CheckAccess(asked(clerk, facts='{"ip": "10.1.2.3"}'))
    assert (allowed.allowed, list(allowed.policies), allowed.problem, allowed.bundle_version) == (True, ["role:staff"], "", 1)
    secret = asked(clerk, resource_type="document", resource_id="7", attributes='{"classification": "classified"}')
    batch = governance_pb2.CheckAccessBatchRequest(
        requests=[secret, asked(stranger), asked(clerk, "role:manage"), asked(clerk, facts='{"ip": 7}'), asked(clerk)]
    )
    answers = [(each.allowed, list(each.policies), each.problem) for each in (await stub.CheckAccessBatch(batch)).responses]
    assert answers == [
        (False, ["policy:classified-documents"], ""),
        (False, [], "unknown subject"),
        (False, [], ""),
        (False, [], "ip: expected ip_address"),
        (True, ["role:staff"], ""),
    ]
    for wrong in ("nonsense", "[]", '"x"', "{" * 8000):
        with pytest.raises(RemoteError) as refused:
            await stub.CheckAccess(asked(clerk, facts=wrong))
        assert refused.value.kind is Kind.INVALID


async def _in_force(governance: Governance) -> Bundle:
    text = await governance.policy_bundles.get_current_policies()
    return Bundle(text.bundle.version, text.policies, text.schema, text.shadow)
