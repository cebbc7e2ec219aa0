"""The gRPC services of governance."""

from typing import Any
from uuid import UUID

from chassis.projections.positions import position_of
from chassis.rpc import RpcService
from chassis.rpc.callers import caller
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from governance.application import Governance
from governance.application.members.views import MembershipView
from governance.domain.access_question import USER, AccessAnswer, AccessQuestion, read_object
from governance.interfaces.limited_roles import limited_role_message


class PolicyServicer(governance_pb2_grpc.PolicyServiceServicer):
    def __init__(self, app: Governance) -> None:
        self._app = app

    async def GetBundle(self, request: governance_pb2.GetBundleRequest, context: Any) -> governance_pb2.GetBundleResponse:  # noqa: ARG002, N802
        text = await self._app.policy_bundles.get_bundle(known_version=request.known_version)
        if text is None:
            return governance_pb2.GetBundleResponse(version=request.known_version)
        return governance_pb2.GetBundleResponse(
            version=text.bundle.version, policies=text.policies, schema=text.schema, shadow_policies=text.shadow
        )

    async def ListLimitedRoles(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.ListLimitedRolesRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.ListLimitedRolesResponse:
        page = await self._app.role_assignments.list_limited_roles(cursor=request.cursor, limit=request.limit)
        return governance_pb2.ListLimitedRolesResponse(
            subjects=[
                governance_pb2.SubjectLimitedRoles(
                    subject_id=str(each.subject_id),
                    roles=[limited_role_message(role, limits) for role, limits in each.roles],
                    version=each.version,
                )
                for each in page.rows
            ],
            position=position_of(page),
        )

    async def ListInactiveOrganizations(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.ListInactiveOrganizationsRequest,  # noqa: ARG002
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.ListInactiveOrganizationsResponse:
        found = await self._app.role_assignments.list_inactive_organizations()
        return governance_pb2.ListInactiveOrganizationsResponse(organization_ids=map(str, found))

    async def ListEndedMemberships(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.ListEndedMembershipsRequest,  # noqa: ARG002
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.ListEndedMembershipsResponse:
        response = governance_pb2.ListEndedMembershipsResponse()
        for each in await self._app.role_assignments.list_ended_memberships():
            subject_id = str(each.subject_id) if each.subject_id else ""
            ended = response.memberships.add(organization_id=str(each.organization_id), subject_id=subject_id)
            ended.ended_at.FromDatetime(each.ended_at)
        return response


class AuthorizationServicer(governance_pb2_grpc.AuthorizationServiceServicer):
    def __init__(self, app: Governance) -> None:
        self._app = app

    async def CheckAccess(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.CheckAccessRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.CheckAccessResponse:
        [answer] = await self._app.evaluations.check_access(questions=[_question(request)])
        return _answer(answer)

    async def CheckAccessBatch(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.CheckAccessBatchRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.CheckAccessBatchResponse:
        answers = await self._app.evaluations.check_access(questions=list(map(_question, request.requests)))
        return governance_pb2.CheckAccessBatchResponse(responses=map(_answer, answers))


class RoleServicer(governance_pb2_grpc.RoleServiceServicer):
    def __init__(self, app: Governance) -> None:
        self._app = app

    async def GetSubjectRoles(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.GetSubjectRolesRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.GetSubjectRolesResponse:
        subject_id = UUID(request.subject_id)
        subject = await self._app.role_assignments.get_effective_roles(subject_id=subject_id)
        organizations = await self._app.members.list_organizations_of_subject(subject_id=subject_id)
        return governance_pb2.GetSubjectRolesResponse(roles=subject.roles, organization_ids=map(str, organizations))

    async def GetRolesOfSubjects(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.GetRolesOfSubjectsRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.GetRolesOfSubjectsResponse:
        found = await self._app.role_assignments.get_roles_of_subjects(
            subject_ids=[UUID(subject_id) for subject_id in request.subject_ids]
        )
        return governance_pb2.GetRolesOfSubjectsResponse(
            subjects=[governance_pb2.SubjectRoles(subject_id=str(subject_id), roles=roles) for subject_id, roles in found]
        )

    async def FindMemberships(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.FindMembershipsRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.FindMembershipsResponse:
        asked = [MembershipView(UUID(each.organization_id), UUID(each.subject_id)) for each in request.memberships]
        found = await self._app.members.find_memberships(memberships=asked)
        return governance_pb2.FindMembershipsResponse(
            memberships=[
                governance_pb2.Membership(organization_id=str(each.organization_id), subject_id=str(each.subject_id))
                for each in found
            ]
        )

    async def ListGrants(self, request: governance_pb2.ListGrantsRequest, context: Any) -> governance_pb2.ListGrantsResponse:  # noqa: ARG002, N802
        page = await self._app.role_assignments.list_grants(cursor=request.cursor, limit=request.limit)
        return governance_pb2.ListGrantsResponse(
            subjects=[
                governance_pb2.SubjectGrants(subject_id=str(each.subject_id), roles=each.roles, version=each.version)
                for each in page.rows
            ],
            position=position_of(page),
        )

    async def ListHolders(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.ListHoldersRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.ListHoldersResponse:
        after = UUID(request.after_subject_id) if request.after_subject_id else None
        if request.organization_id:
            holders = await self._app.members.list_member_ids(
                organization_id=UUID(request.organization_id), after=after, limit=request.limit
            )
        else:
            holders = await self._app.role_assignments.list_holders(
                role=request.role or None, permission=request.permission or None, after=after, limit=request.limit
            )
        return governance_pb2.ListHoldersResponse(subject_ids=[str(subject_id) for subject_id in holders])


class StandingServicer(governance_pb2_grpc.StandingServiceServicer):
    def __init__(self, app: Governance) -> None:
        self._app = app

    async def RequireAuthority(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.RequireAuthorityRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.RequireAuthorityResponse:
        await self._app.standings.require_authority(
            actor=caller(), by=UUID(request.actor_id), subject_id=UUID(request.subject_id)
        )
        return governance_pb2.RequireAuthorityResponse()

    async def DisableSubject(  # noqa: N802  # the proto's name
        self,
        request: governance_pb2.DisableSubjectRequest,
        context: Any,  # noqa: ARG002
    ) -> governance_pb2.DisableSubjectResponse:
        await self._app.standings.disable_subject(
            actor=caller(), by=UUID(request.actor_id), subject_id=UUID(request.subject_id), version=request.version
        )
        return governance_pb2.DisableSubjectResponse()


def _question(request: governance_pb2.CheckAccessRequest) -> AccessQuestion:
    return AccessQuestion(
        subject_type=USER,
        subject_id=request.subject_id,
        action=request.permission,
        resource_type=request.resource_type or "platform",
        resource_id=request.resource_id or "elcorp",
        attributes=read_object(request.attributes, field="attributes"),
        facts=read_object(request.facts, field="facts"),
    )


def _answer(answer: AccessAnswer) -> governance_pb2.CheckAccessResponse:
    return governance_pb2.CheckAccessResponse(
        allowed=answer.allowed,
        policies=answer.policies or (),
        problem=answer.problem,
        bundle_version=answer.bundle_version,
    )


def rpc_services(app: Governance) -> list[RpcService]:
    return [
        RpcService(
            governance_pb2_grpc.add_AuthorizationServiceServicer_to_server,
            AuthorizationServicer(app),
            "elcorp.governance.v1.AuthorizationService",
        ),
        RpcService(
            governance_pb2_grpc.add_PolicyServiceServicer_to_server,
            PolicyServicer(app),
            "elcorp.governance.v1.PolicyService",
        ),
        RpcService(governance_pb2_grpc.add_RoleServiceServicer_to_server, RoleServicer(app), "elcorp.governance.v1.RoleService"),
        RpcService(
            governance_pb2_grpc.add_StandingServiceServicer_to_server,
            StandingServicer(app),
            "elcorp.governance.v1.StandingService",
        ),
    ]
