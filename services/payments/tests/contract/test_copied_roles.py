"""The copy of roles decides while it is fresh, beside the copy of standings; otherwise governance does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.projections.follower import Projection
from chassis.rpc import RpcServer, RpcService, connect
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.governance.v1.events_pb2 import SubjectRolesChanged
from elcorp.platform.v1.feed_pb2 import FeedPosition
from kernel.clock import SystemClock
from kernel.errors import DomainError, Unavailable
from kernel.ids import new_id
from payments.application.ports.payer_rights import Payer
from payments.domain.errors import NoLongerPermitted
from payments.infrastructure.copies import Copies, copy_grants, grant_projection
from payments.infrastructure.payer_rights import CopiedRoles, GovernanceRoles, PeersAuthority
from payments.settings import PaymentsSettings
from services.payments.tests.fakes.authority import FakeAuthority

SECONDS_MAX = 600.0
MAY_PAY = {"user": ["payment:create"], "guest": []}


@dataclass
class GovernancePeer(governance_pb2_grpc.RoleServiceServicer):
    """`roles` has the roles and the version of each subject that it knows; others are users. `asked` has the names of calls."""

    roles: dict[UUID, tuple[list[str], int]] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)

    async def GetRolesOfSubjects(self, request: Any, context: Any) -> governance_pb2.GetRolesOfSubjectsResponse:  # noqa: N802
        self._record("GetRolesOfSubjects")
        found = [(id_, self.roles.get(UUID(id_), (["user"], 0))[0]) for id_ in request.subject_ids]
        subjects = [governance_pb2.SubjectRoles(subject_id=id_, roles=roles) for id_, roles in found]
        return governance_pb2.GetRolesOfSubjectsResponse(subjects=subjects)

    async def ListGrants(self, request: Any, context: Any) -> governance_pb2.ListGrantsResponse:  # noqa: N802
        self._record("ListGrants")
        subjects = [
            governance_pb2.SubjectGrants(subject_id=str(subject_id), roles=roles, version=version)
            for subject_id, (roles, version) in self.roles.items()
        ]
        return governance_pb2.ListGrantsResponse(
            subjects=subjects, position=FeedPosition(cursor="end", restart="end", is_last=True)
        )

    def _record(self, name: str) -> None:
        self.asked.append(name)
        if self.away:
            raise Unavailable


@dataclass
class Copied:
    governance: GovernancePeer
    projection: Projection
    authority: PeersAuthority
    database: Database

    async def of(self, payer: UUID) -> frozenset[str] | type[DomainError]:
        self.governance.asked.clear()
        answer = (await self.authority.authorize([Payer(payer)]))[Payer(payer)]
        return answer if isinstance(answer, frozenset) else type(answer)

    async def announce(self, subject_id: UUID, roles: list[str], version: int) -> None:
        message = SubjectRolesChanged(subject_id=str(subject_id), roles=roles, version=version)
        kind, at = spec_of(SubjectRolesChanged).type, SystemClock().now()
        delivery = Delivery(message_id=new_id(), type=kind, producer="governance", occurred_at=at, message=message)
        await copy_grants(self.projection)(delivery)

    async def grow_old(self) -> None:
        async with self.database.engine.begin() as connection:
            await connection.execute(text("UPDATE projections SET complete_as_of = complete_as_of - interval '1 hour'"))


@pytest.fixture
async def copied(database: Database, clock: ControlledClock) -> AsyncIterator[Copied]:
    peer = GovernancePeer()  # type: ignore[abstract]  # implements only what payments calls
    services = [
        # A peer's health is that of the first service of its contract.
        RpcService(
            governance_pb2_grpc.add_PolicyServiceServicer_to_server,
            governance_pb2_grpc.PolicyServiceServicer(),  # type: ignore[abstract]  # nothing calls it here
            "elcorp.governance.v1.PolicyService",
        ),
        RpcService(governance_pb2_grpc.add_RoleServiceServicer_to_server, peer, "elcorp.governance.v1.RoleService"),
    ]
    server = RpcServer("127.0.0.1", 0, services)
    await server.start()
    async with connect(PaymentsSettings(governance_target=f"dns:///127.0.0.1:{server.port}"), "governance") as channel:
        projection = grant_projection(database, channel, seconds_max=SECONDS_MAX)
        roles = CopiedRoles(Copies(database, seconds_max=SECONDS_MAX), GovernanceRoles(channel))
        fake = FakeAuthority()
        authority = PeersAuthority(fake, roles, permitting(MAY_PAY, clock), memberships=fake)
        yield Copied(peer, projection, authority, database)
    await server.stop(0)


async def test_a_fresh_copy_answers_without_governance(copied: Copied) -> None:
    payer, guest, nobody = new_id(), new_id(), new_id()
    copied.governance.roles |= {payer: (["guest", "user"], 3), guest: (["guest"], 3), nobody: ([], 5)}
    await copied.projection.complete()
    for subject, answer in ((payer, {"guest", "user"}), (guest, NoLongerPermitted), (nobody, NoLongerPermitted)):
        assert (await copied.of(subject), copied.governance.asked) == (answer, [])


async def test_governance_decides_about_subjects_whom_the_copy_lacks(copied: Copied) -> None:
    await copied.projection.complete()
    assert (await copied.of(new_id()), copied.governance.asked) == (frozenset({"user"}), ["GetRolesOfSubjects"])


async def test_a_revocation_arrives_by_its_event_or_by_the_feed(copied: Copied) -> None:
    by_event, by_feed = new_id(), new_id()
    copied.governance.roles |= {by_event: (["user"], 2), by_feed: (["user"], 2)}
    await copied.projection.complete()

    await copied.announce(by_event, [], 4)
    copied.governance.roles[by_event] = ([], 5)
    assert (await copied.of(by_event), copied.governance.asked) == (NoLongerPermitted, [])

    copied.governance.roles[by_feed] = ([], 5)
    await copied.projection.complete()
    assert (await copied.of(by_feed), copied.governance.asked) == (NoLongerPermitted, [])
    # The grant of before the revocation arrives late.
    await copied.announce(by_feed, ["user"], 2)
    assert await copied.of(by_feed) is NoLongerPermitted


async def test_without_a_fresh_copy_governance_decides_and_without_both_nobody_passes(copied: Copied) -> None:
    payer = new_id()
    copied.governance.roles[payer] = (["user"], 2)
    await copied.projection.complete()
    copied.governance.roles[payer] = ([], 4)
    await copied.grow_old()
    assert (await copied.of(payer), copied.governance.asked) == (NoLongerPermitted, ["GetRolesOfSubjects"])
    copied.governance.away = True
    with pytest.raises(Unavailable):
        await copied.of(payer)
