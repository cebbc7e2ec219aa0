"""How identity asks governance about roles and authority, over a real channel. The fakes pass the same tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import grpc.aio
import pytest

from chassis.rpc import RemoteError, RpcServer, RpcService, connect
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from identity.application.ports.authority import Authority
from identity.application.ports.roles import Rights, Roles
from identity.domain.errors import BeyondAuthority, LastAdministrator
from identity.infrastructure.governance import GovernanceAuthority, GovernanceRoles
from identity.settings import IdentitySettings
from kernel.errors import DomainError, Kind, Unavailable
from kernel.ids import new_id
from services.identity.tests.fakes.governance import FakeAuthority, FakeRoles

BEYOND, LAST = new_id(), new_id()
STAFF, WITHOUT_ROLES = new_id(), new_id()
HELD: dict[UUID, tuple[str, ...]] = {STAFF: ("guest", "staff"), WITHOUT_ROLES: ()}
MEMBERSHIPS = {STAFF: frozenset({new_id(), new_id()})}


class Beyond(DomainError):
    """As governance reports it."""

    kind = Kind.DENIED
    code = "ACC_003"


class Last(DomainError):
    """As governance reports it."""

    kind = Kind.REFUSED
    code = "GOV_002"


class Other(DomainError):
    """An error that identity does not know."""

    kind = Kind.REFUSED
    code = "GOV_999"


@dataclass
class Governance(governance_pb2_grpc.StandingServiceServicer):
    """Refuses everything with `refusal`, if there is one, and otherwise as its contract says."""

    refusal: DomainError | None = None
    beyond: set[str] = field(default_factory=set)
    last: set[str] = field(default_factory=set)
    requests: list[Any] = field(default_factory=list)

    async def RequireAuthority(  # noqa: N802  # the proto's name
        self, request: governance_pb2.RequireAuthorityRequest, context: Any
    ) -> governance_pb2.RequireAuthorityResponse:
        self._note(request)
        return governance_pb2.RequireAuthorityResponse()

    async def DisableSubject(  # noqa: N802  # the proto's name
        self, request: governance_pb2.DisableSubjectRequest, context: Any
    ) -> governance_pb2.DisableSubjectResponse:
        self._note(request)
        if request.subject_id in self.last:
            raise Last
        return governance_pb2.DisableSubjectResponse()

    def _note(self, request: Any) -> None:
        self.requests.append(request)
        if self.refusal:
            raise self.refusal
        if request.subject_id in self.beyond and request.subject_id != request.actor_id:
            raise Beyond


class GovernedRoles(governance_pb2_grpc.RoleServiceServicer):
    """Gives a subject that it does not know the default role."""

    async def GetSubjectRoles(  # noqa: N802  # the proto's name
        self, request: governance_pb2.GetSubjectRolesRequest, context: Any
    ) -> governance_pb2.GetSubjectRolesResponse:
        subject_id = UUID(request.subject_id)
        organizations = map(str, MEMBERSHIPS.get(subject_id, ()))
        return governance_pb2.GetSubjectRolesResponse(roles=HELD.get(subject_id, ("user",)), organization_ids=organizations)


@pytest.fixture
def governance() -> Governance:
    return Governance()


@pytest.fixture
async def channel(governance: Governance, settings: IdentitySettings) -> AsyncIterator[grpc.aio.Channel]:
    services = [
        # A channel watches the health of the peer's first service.
        RpcService(
            governance_pb2_grpc.add_PolicyServiceServicer_to_server,
            governance_pb2_grpc.PolicyServiceServicer(),  # type: ignore[abstract]  # it is not called
            "elcorp.governance.v1.PolicyService",
        ),
        RpcService(governance_pb2_grpc.add_StandingServiceServicer_to_server, governance, "elcorp.governance.v1.StandingService"),
        RpcService(
            governance_pb2_grpc.add_RoleServiceServicer_to_server,
            GovernedRoles(),  # type: ignore[abstract]  # implements only the method that identity calls
            "elcorp.governance.v1.RoleService",
        ),
    ]
    server = RpcServer("127.0.0.1", 0, services)
    await server.start()
    target = settings.model_copy(update={"governance_target": f"dns:///127.0.0.1:{server.port}"})
    async with connect(target, "governance") as channel:
        yield channel
    await server.stop(grace_seconds=1)


@pytest.fixture
def authority(channel: grpc.aio.Channel) -> GovernanceAuthority:
    return GovernanceAuthority(channel)


@pytest.fixture(params=["fake", "governance"])
def authority_or_fake(request: pytest.FixtureRequest, governance: Governance, authority: GovernanceAuthority) -> Authority:
    if request.param == "fake":
        return FakeAuthority(beyond={BEYOND}, last={LAST})
    governance.beyond, governance.last = {str(BEYOND)}, {str(LAST)}
    return authority


@pytest.fixture(params=["fake", "governance"])
def roles(request: pytest.FixtureRequest, channel: grpc.aio.Channel) -> Roles:
    return FakeRoles(held=HELD, memberships=MEMBERSHIPS) if request.param == "fake" else GovernanceRoles(channel)


@pytest.fixture(params=["fake", "governance"])
async def silent(request: pytest.FixtureRequest, settings: IdentitySettings) -> AsyncIterator[tuple[Roles, Authority]]:
    if request.param == "fake":
        yield FakeRoles(away=True), FakeAuthority(away=True)
        return
    nowhere = settings.model_copy(update={"governance_target": "dns:///127.0.0.1:1"})
    async with connect(nowhere, "governance") as channel:
        yield GovernanceRoles(channel), GovernanceAuthority(channel)


async def test_governance_is_asked_who_acts_on_whom(authority: GovernanceAuthority, governance: Governance) -> None:
    actor, subject = new_id(), new_id()
    await authority.require(actor_id=actor, subject_id=subject)
    await authority.disable(actor_id=actor, subject_id=subject, version=7)
    ids = {"actor_id": str(actor), "subject_id": str(subject)}
    assert governance.requests == [
        governance_pb2.RequireAuthorityRequest(**ids),
        governance_pb2.DisableSubjectRequest(**ids, version=7),
    ]


@pytest.mark.parametrize(
    ("refusal", "raised"), [(Beyond(), BeyondAuthority), (Last(), LastAdministrator), (Other(), RemoteError)]
)
async def test_a_refusal_is_raised_as_identitys_own_error(
    authority: GovernanceAuthority, governance: Governance, refusal: DomainError, raised: type[DomainError]
) -> None:
    governance.refusal = refusal
    for asked in (_require, _disable):
        with pytest.raises(raised) as refused:
            await asked(authority)
        assert (refused.value.kind, refused.value.code) == (refusal.kind, refusal.code)


async def test_an_actor_without_authority_is_refused(authority_or_fake: Authority) -> None:
    await _require(authority_or_fake)
    for _ in range(2):
        await authority_or_fake.disable(actor_id=STAFF, subject_id=WITHOUT_ROLES, version=1)
    with pytest.raises(BeyondAuthority):
        await authority_or_fake.require(actor_id=new_id(), subject_id=BEYOND)
    with pytest.raises(BeyondAuthority):
        await authority_or_fake.disable(actor_id=new_id(), subject_id=BEYOND, version=1)


async def test_everybody_may_act_on_their_own_account(authority_or_fake: Authority) -> None:
    await authority_or_fake.require(actor_id=BEYOND, subject_id=BEYOND)
    await authority_or_fake.disable(actor_id=BEYOND, subject_id=BEYOND, version=1)


async def test_the_last_administrator_is_not_disabled(authority_or_fake: Authority) -> None:
    for actor in (new_id(), LAST):
        await authority_or_fake.require(actor_id=actor, subject_id=LAST)
        with pytest.raises(LastAdministrator):
            await authority_or_fake.disable(actor_id=actor, subject_id=LAST, version=1)


async def test_the_current_roles_of_a_user_are_returned(roles: Roles) -> None:
    assert await roles.of(STAFF) == ("guest", "staff")
    assert await roles.of(WITHOUT_ROLES) == ()
    assert await roles.of(new_id()) == ("user",)


async def test_the_organizations_of_a_user_are_returned_with_the_roles(roles: Roles) -> None:
    assert await roles.rights_of(STAFF) == Rights(("guest", "staff"), MEMBERSHIPS[STAFF])
    assert await roles.rights_of(new_id()) == Rights(("user",))


async def test_no_answer_is_no_permission(silent: tuple[Roles, Authority]) -> None:
    roles, authority = silent
    with pytest.raises(Unavailable):
        await roles.of(STAFF)
    for asked in (_require, _disable):
        with pytest.raises(Unavailable):
            await asked(authority)


async def _require(authority: Authority) -> None:
    await authority.require(actor_id=new_id(), subject_id=new_id())


async def _disable(authority: Authority) -> None:
    await authority.disable(actor_id=new_id(), subject_id=new_id(), version=1)
