"""What payments asks identity and governance before money moves, over real gRPC servers and channels; also the fake."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from chassis.policies import Policies
from chassis.rpc import RpcServer, RpcService, connect
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from kernel.errors import AccessDenied, DomainError, NotAMember, NotFound, Unavailable
from kernel.ids import new_id
from payments.application.ports.payer_rights import Authority, Payer, Standings
from payments.domain.errors import NoLongerPermitted, PayerClosed, PayerSuspended
from payments.domain.standing import Standing
from payments.infrastructure.payer_rights import (
    SUBJECTS_MAX,
    GovernanceMemberships,
    GovernanceRoles,
    IdentityStandings,
    PeersAuthority,
)
from payments.settings import PaymentsSettings
from services.payments.tests.contract.published_policies import forbid, published
from services.payments.tests.fakes.authority import FakeAuthority

GRANTS = {"user": ["payment:create"], "admin": ["payment:create"], "guest": []}


@dataclass
class Peers(identity_pb2_grpc.IdentityServiceServicer, governance_pb2_grpc.RoleServiceServicer):
    """Identity and governance. The method named in `fails` raises an error; users in `forgets` are missing from responses."""

    standing: dict[UUID, Standing] = field(default_factory=dict)
    roles: dict[UUID, frozenset[str]] = field(default_factory=dict)
    fails: dict[str, DomainError] = field(default_factory=dict)
    # Who is no longer a member; everybody else is.
    left: set[Payer] = field(default_factory=set)
    forgets: set[tuple[str, str]] = field(default_factory=set)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)

    async def GetSubjects(self, request: Any, context: Any) -> identity_pb2.GetSubjectsResponse:  # noqa: N802
        subjects = []
        for id_ in self._record("GetSubjects", request.subject_ids):
            standing = self.standing.get(UUID(id_), Standing.ACTIVE)
            active, closed = standing is Standing.ACTIVE, standing is Standing.CLOSED
            subjects.append(identity_pb2.Subject(subject_id=id_, active=active, closed=closed))
        return identity_pb2.GetSubjectsResponse(subjects=subjects)

    async def GetRolesOfSubjects(self, request: Any, context: Any) -> governance_pb2.GetRolesOfSubjectsResponse:  # noqa: N802
        ids = self._record("GetRolesOfSubjects", request.subject_ids)
        subjects = [governance_pb2.SubjectRoles(subject_id=id_, roles=self.roles.get(UUID(id_), {"user"})) for id_ in ids]
        return governance_pb2.GetRolesOfSubjectsResponse(subjects=subjects)

    async def FindMemberships(self, request: Any, context: Any) -> governance_pb2.FindMembershipsResponse:  # noqa: N802
        people = self._record("FindMemberships", [each.subject_id for each in request.memberships])
        members = [each for each in request.memberships if each.subject_id in people and _payer(each) not in self.left]
        return governance_pb2.FindMembershipsResponse(memberships=members)

    def _record(self, name: str, ids: Collection[str]) -> list[str]:
        self.asked.append((name, list(ids)))
        if name in self.fails:
            raise self.fails[name]
        return [id_ for id_ in ids if (name, id_) not in self.forgets]


def _payer(membership: governance_pb2.Membership) -> Payer:
    return Payer(UUID(membership.subject_id), UUID(membership.organization_id))


def peers_of_all() -> Peers:
    return Peers()  # type: ignore[abstract]  # implements only what payments calls


@dataclass
class Asked:
    """The requests that the peers received, and the data of their responses."""

    authority: Authority
    standings: Standings
    source: Peers | FakeAuthority


@asynccontextmanager
async def asking(peers: Peers, policies: Policies) -> AsyncIterator[Asked]:
    services = [
        RpcService(identity_pb2_grpc.add_IdentityServiceServicer_to_server, peers, "elcorp.identity.v1.IdentityService"),
        # A peer's health is that of the first service of its contract.
        RpcService(
            governance_pb2_grpc.add_PolicyServiceServicer_to_server,
            governance_pb2_grpc.PolicyServiceServicer(),  # type: ignore[abstract]  # nothing calls it here
            "elcorp.governance.v1.PolicyService",
        ),
        RpcService(governance_pb2_grpc.add_RoleServiceServicer_to_server, peers, "elcorp.governance.v1.RoleService"),
    ]
    async with AsyncExitStack() as stack:
        server = RpcServer("127.0.0.1", 0, services)
        await server.start()
        stack.push_async_callback(server.stop, 0)
        target = f"dns:///127.0.0.1:{server.port}"
        settings = PaymentsSettings(identity_target=target, governance_target=target)
        identity = await stack.enter_async_context(connect(settings, "identity"))
        governance = await stack.enter_async_context(connect(settings, "governance"))
        standings = IdentityStandings(identity)
        memberships = GovernanceMemberships(governance)
        authority = PeersAuthority(standings, GovernanceRoles(governance), policies, memberships=memberships)
        yield Asked(authority, standings, peers)


@pytest.fixture(params=["fake", "peers"])
async def asked(request: pytest.FixtureRequest, clock: ControlledClock) -> AsyncIterator[Asked]:
    if request.param == "fake":
        fake = FakeAuthority()
        yield Asked(fake, fake, fake)
    else:
        async with asking(peers_of_all(), permitting(GRANTS, clock)) as made:
            yield made


@pytest.fixture
async def peers(clock: ControlledClock) -> AsyncIterator[tuple[Peers, Asked]]:
    peers = peers_of_all()
    async with asking(peers, permitting(GRANTS, clock)) as made:
        yield peers, made


async def test_users_who_may_pay_get_their_current_roles_and_others_are_refused(asked: Asked) -> None:
    active, officer, suspended, closed, guest, nobody = (new_id() for _ in range(6))
    asked.source.standing |= {suspended: Standing.SUSPENDED, closed: Standing.CLOSED}
    asked.source.roles |= {officer: frozenset({"admin", "guest"}), guest: frozenset({"guest"}), nobody: frozenset()}

    answers = await asked.authority.authorize({Payer(user_id) for user_id in (active, officer, suspended, closed, guest, nobody)})

    results = {payer.user_id: answer if isinstance(answer, frozenset) else type(answer) for payer, answer in answers.items()}
    assert results == {
        active: {"user"},
        officer: {"admin", "guest"},
        suspended: PayerSuspended,
        closed: PayerClosed,
        guest: NoLongerPermitted,
        nobody: NoLongerPermitted,
    }
    codes = {answer.code for answer in answers.values() if isinstance(answer, DomainError)}
    assert codes == {"PAY_050", "PAY_051", "ACC_001"}


async def test_a_payer_of_an_organization_must_be_a_member_of_it_now(asked: Asked) -> None:
    organization, member, former = new_id(), new_id(), new_id()
    of_it = [Payer(user_id, organization) for user_id in (member, former)]
    asked.source.left.add(of_it[1])

    answers = await asked.authority.authorize([*of_it, Payer(former)])

    assert answers[of_it[0]] == answers[Payer(former)] == frozenset({"user"})
    assert isinstance(answers[of_it[1]], NotAMember)


async def test_a_payer_of_an_organization_acts_for_it_in_policies_too(clock: ControlledClock) -> None:
    own = "principal has organization && principal.organization == resource.organization"
    policies = Policies(clock)
    policies.load(published(forbid("organization", f"resource has organization && !({own})"), grants=GRANTS))
    member = Payer(new_id(), new_id())
    async with asking(peers_of_all(), policies) as asked:
        assert await asked.authority.authorize([member]) == {member: frozenset({"user"})}


async def test_each_user_has_the_standing_that_identity_returns_now(asked: Asked) -> None:
    user = new_id()
    for standing in (Standing.SUSPENDED, Standing.ACTIVE, Standing.CLOSED):
        asked.source.standing[user] = standing
        assert await asked.standings.standings({user}) == {user: standing}


async def test_hundreds_of_users_take_one_request_to_each_peer(peers: tuple[Peers, Asked]) -> None:
    source, asked = peers
    payers = [new_id() for _ in range(SUBJECTS_MAX)]
    source.standing[payers[0]] = Standing.SUSPENDED

    assert len(await asked.authority.authorize(list(map(Payer, payers)))) == SUBJECTS_MAX

    everybody = [str(payer) for payer in payers]
    assert source.asked == [("GetSubjects", everybody), ("GetRolesOfSubjects", everybody[1:])]
    assert len(await asked.authority.authorize([*map(Payer, payers), Payer(new_id())])) == SUBJECTS_MAX + 1


async def test_a_user_unknown_to_identity_counts_as_closed(peers: tuple[Peers, Asked]) -> None:
    source, asked = peers
    stranger, known = new_id(), new_id()
    source.forgets.add(("GetSubjects", str(stranger)))
    assert await asked.standings.standings([stranger, known]) == {stranger: Standing.CLOSED, known: Standing.ACTIVE}
    assert isinstance((await asked.authority.authorize([Payer(stranger)]))[Payer(stranger)], PayerClosed)


@pytest.mark.parametrize("method", ["GetSubjects", "GetRolesOfSubjects", "FindMemberships"])
@pytest.mark.parametrize(
    "error", [Unavailable(), DomainError(), NotFound(), AccessDenied()], ids=["away", "broken", "404", "403"]
)
async def test_an_error_of_a_peer_decides_about_no_user(peers: tuple[Peers, Asked], method: str, error: DomainError) -> None:
    source, asked = peers
    source.fails[method] = error
    with pytest.raises(Unavailable):
        await asked.authority.authorize({Payer(new_id(), new_id())})
    del source.fails[method]
    assert len(await asked.authority.authorize({Payer(new_id(), new_id())})) == 1


async def test_a_response_that_omits_a_user_is_rejected(peers: tuple[Peers, Asked]) -> None:
    source, asked = peers
    payer, other = new_id(), new_id()
    source.forgets.add(("GetRolesOfSubjects", str(payer)))
    with pytest.raises(Unavailable):
        await asked.authority.authorize({Payer(payer), Payer(other)})


async def test_stale_policies_refuse_no_user(peers: tuple[Peers, Asked], clock: ControlledClock) -> None:
    _, asked = peers
    clock.advance(seconds=301)
    with pytest.raises(Unavailable):
        await asked.authority.authorize({Payer(new_id())})


async def test_without_peers_no_user_is_authorized(clock: ControlledClock) -> None:
    nowhere = "dns:///127.0.0.1:1"
    settings = PaymentsSettings(identity_target=nowhere, governance_target=nowhere)
    async with connect(settings, "identity") as identity, connect(settings, "governance") as governance:
        authority = PeersAuthority(
            IdentityStandings(identity),
            GovernanceRoles(governance),
            permitting(GRANTS, clock),
            memberships=GovernanceMemberships(governance),
        )
        with pytest.raises(Unavailable):
            await authority.authorize({Payer(new_id())})
