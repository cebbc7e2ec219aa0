"""Standing and roles of users, from identity and governance over gRPC."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

import grpc.aio

from chassis.policies import Policies
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from kernel.actor import Actor, ActorKind
from kernel.approvals import ApprovalAsked, DeciderVote
from kernel.errors import DomainError, Unavailable
from payments.application.ports.payer_rights import Authority, Memberships, Payer, Roles, Standings
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.transfers.members import members_among, refusal_of
from payments.domain.approval import APPROVED_BY
from payments.domain.errors import NoLongerPermitted
from payments.domain.payment_permission import PAID_BY, VoteQuestion
from payments.domain.standing import Standing
from payments.infrastructure.copies import Copies
from payments.infrastructure.peer_errors import errors_as_unavailable

# Per call, as in the contracts.
SUBJECTS_MAX: Final = 500


class IdentityStandings:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: identity_pb2_grpc.IdentityServiceAsyncStub = identity_pb2_grpc.IdentityServiceStub(channel)

    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        found: dict[str, Standing] = {}
        for ids in _batches(user_ids):
            with errors_as_unavailable("identity"):
                response = await self._stub.GetSubjects(identity_pb2.GetSubjectsRequest(subject_ids=ids))
            found |= {subject.subject_id: _standing(subject) for subject in response.subjects}
        return {user_id: found.get(str(user_id), Standing.CLOSED) for user_id in user_ids}


class CopiedStandings:
    """The copy, while it is known to be complete as of a few seconds ago; identity about the rest.

    A user who is missing from the copy may have registered a moment ago, so identity decides about them too.
    """

    def __init__(self, copy: Copies, identity: Standings) -> None:
        self._copy = copy
        self._identity = identity

    async def standings(self, user_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
        known = await self._copy.standings(user_ids)
        unknown = [user_id for user_id in user_ids if user_id not in known]
        return {**known, **(await self._identity.standings(unknown) if unknown else {})}


class CurrentRoles(Protocol):
    async def roles(self, payers: Sequence[UUID]) -> Mapping[UUID, Roles]:
        """Return the roles of each payer now. Raise Unavailable if governance does not answer."""


class GovernanceRoles:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)

    async def roles(self, payers: Sequence[UUID]) -> Mapping[UUID, Roles]:
        found: dict[UUID, Roles] = {}
        for ids in _batches(payers):
            with errors_as_unavailable("governance"):
                response = await self._stub.GetRolesOfSubjects(governance_pb2.GetRolesOfSubjectsRequest(subject_ids=ids))
            found |= {UUID(subject.subject_id): frozenset(subject.roles) for subject in response.subjects}
        if missing := set(payers) - found.keys():
            raise Unavailable(dependency="governance", asked=len(payers), unanswered=len(missing))
        return found


class CopiedRoles:
    """The copy, as in CopiedStandings; governance about the rest: it knows the roles of subjects who have none yet."""

    def __init__(self, copy: Copies, governance: CurrentRoles) -> None:
        self._copy = copy
        self._governance = governance

    async def roles(self, payers: Sequence[UUID]) -> Mapping[UUID, Roles]:
        known = await self._copy.roles(payers)
        unknown = [payer for payer in payers if payer not in known]
        return {**known, **(await self._governance.roles(unknown) if unknown else {})}


class GovernanceMemberships:
    """Asked each time: few payments are planned for organizations, and a membership that ended must end them at once."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: governance_pb2_grpc.RoleServiceAsyncStub = governance_pb2_grpc.RoleServiceStub(channel)

    async def current(self, payers: Collection[Payer]) -> Collection[Payer]:
        asked, found = [_membership(payer) for payer in payers], set[Payer]()
        for start in range(0, len(asked), SUBJECTS_MAX):
            request = governance_pb2.FindMembershipsRequest(memberships=asked[start : start + SUBJECTS_MAX])
            with errors_as_unavailable("governance"):
                response = await self._stub.FindMemberships(request)
            found |= {Payer(UUID(each.subject_id), UUID(each.organization_id)) for each in response.memberships}
        return found


class PeersAuthority:
    """Identity says who may act, governance which roles they have, and the embedded policies whether these permit the act."""

    def __init__(
        self,
        standings: Standings,
        roles: CurrentRoles,
        policies: Policies,
        *,
        memberships: Memberships,
        permission: str = PAID_BY,
    ) -> None:
        self.standings = standings
        self.memberships = memberships
        self._roles = roles
        self._policies = policies
        self._permission = permission

    async def authorize(
        self, payers: Collection[Payer], *, organization_id: UUID | None = None
    ) -> Mapping[Payer, Roles | DomainError]:
        standings = await self.standings.standings(list(dict.fromkeys(payer.user_id for payer in payers)))
        roles = await self._roles.roles([user_id for user_id, standing in standings.items() if standing is Standing.ACTIVE])
        members = await members_among(self.memberships, payers)
        return {
            payer: standings[payer.user_id].refusal
            or refusal_of(payer, members)
            or self._permitted(payer, roles, organization_id)
            for payer in payers
        }

    def _permitted(self, payer: Payer, of: Mapping[UUID, Roles], organization_id: UUID | None) -> Roles | DomainError:
        roles = self._policies.roles_everywhere(str(payer.user_id), of[payer.user_id])
        actor = _actor(payer, roles)
        if self._policies.allows_within(actor, self._permission, organization_id or payer.organization_id):
            return roles
        return NoLongerPermitted(permission=self._permission)


class PeersDeciders:
    """Those who decided may decide if they may act and have the permission for what belongs to the organization that pays.

    The policies that read the amount must permit their votes too.
    """

    def __init__(self, authority: Authority, permissions: PaymentPermissions) -> None:
        self._authority = authority
        self._permissions = permissions

    async def require(self, asked: ApprovalAsked, votes: Sequence[DeciderVote]) -> None:
        deciders = {Payer(vote.by) for vote in votes}
        answers = await self._authority.authorize(deciders, organization_id=asked.organization_id)
        for decider, answer in answers.items():
            if isinstance(answer, DomainError):
                raise answer
            if not self._may_vote(_actor(decider, answer), asked):
                raise NoLongerPermitted(permission=APPROVED_BY)

    def _may_vote(self, decider: Actor, asked: ApprovalAsked) -> bool:
        denial_of = self._permissions.of_votes()
        if denial_of is None:
            return True
        if asked.amount is None:
            return False
        vote = VoteQuestion(resource_id=asked.resource_id, amount=asked.amount, organization_id=asked.organization_id)
        return denial_of(decider, vote) is None


def _actor(payer: Payer, roles: Roles) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(payer.user_id), roles=roles, organization_id=payer.organization_id)


def _batches(user_ids: Collection[UUID]) -> Iterator[Sequence[str]]:
    ids = [str(user_id) for user_id in user_ids]
    return (ids[start : start + SUBJECTS_MAX] for start in range(0, len(ids), SUBJECTS_MAX))


def _membership(payer: Payer) -> governance_pb2.Membership:
    return governance_pb2.Membership(subject_id=str(payer.user_id), organization_id=str(payer.organization_id))


def _standing(subject: identity_pb2.Subject) -> Standing:
    if subject.active:
        return Standing.ACTIVE
    return Standing.CLOSED if subject.closed else Standing.SUSPENDED
