"""Payments' peers behind one real server, with the calls that payments' jobs make."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.rpc import RpcServer, RpcService, Tls
from chassis.testing.policies import bundle_of
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from elcorp.governance.v1 import governance_pb2, governance_pb2_grpc
from elcorp.identity.v1 import identity_pb2, identity_pb2_grpc
from elcorp.platform.v1.feed_pb2 import FeedPosition

# ruff: noqa: N802  # gRPC's names


class Policies(governance_pb2_grpc.PolicyServiceServicer):
    async def GetBundle(self, _request: governance_pb2.GetBundleRequest, _context: object) -> governance_pb2.GetBundleResponse:
        bundle = bundle_of({"user": ["payment:create"]})
        return governance_pb2.GetBundleResponse(version=bundle.version, policies=bundle.policies, schema=bundle.schema)

    async def ListLimitedRoles(
        self, _request: governance_pb2.ListLimitedRolesRequest, _context: object
    ) -> governance_pb2.ListLimitedRolesResponse:
        return governance_pb2.ListLimitedRolesResponse(position=FeedPosition(is_last=True))

    async def ListInactiveOrganizations(
        self, _request: governance_pb2.ListInactiveOrganizationsRequest, _context: object
    ) -> governance_pb2.ListInactiveOrganizationsResponse:
        return governance_pb2.ListInactiveOrganizationsResponse()

    async def ListEndedMemberships(
        self, _request: governance_pb2.ListEndedMembershipsRequest, _context: object
    ) -> governance_pb2.ListEndedMembershipsResponse:
        return governance_pb2.ListEndedMembershipsResponse()


class Roles(governance_pb2_grpc.RoleServiceServicer):
    async def GetRolesOfSubjects(
        self, request: governance_pb2.GetRolesOfSubjectsRequest, _context: object
    ) -> governance_pb2.GetRolesOfSubjectsResponse:
        subjects = [governance_pb2.SubjectRoles(subject_id=each, roles=["user"]) for each in request.subject_ids]
        return governance_pb2.GetRolesOfSubjectsResponse(subjects=subjects)


class Users(identity_pb2_grpc.IdentityServiceServicer):
    async def GetSubjects(self, request: identity_pb2.GetSubjectsRequest, _context: object) -> identity_pb2.GetSubjectsResponse:
        subjects = [identity_pb2.Subject(subject_id=each, active=True) for each in request.subject_ids]
        return identity_pb2.GetSubjectsResponse(subjects=subjects)


class Screening(compliance_pb2_grpc.ScreeningServiceServicer):
    async def ScreenTransfers(
        self, request: compliance_pb2.ScreenTransfersRequest, _context: object
    ) -> compliance_pb2.ScreenTransfersResponse:
        verdicts = [compliance_pb2.Verdict(clear=True) for _ in request.transfers]
        return compliance_pb2.ScreenTransfersResponse(verdicts=verdicts)


@asynccontextmanager
async def peers(tls: Tls | None) -> AsyncIterator[RpcServer]:
    # Their other methods answer UNIMPLEMENTED.
    roles, users = Roles(), Users()  # type: ignore[abstract]  # they implement only what payments calls
    services = [
        RpcService(governance_pb2_grpc.add_PolicyServiceServicer_to_server, Policies(), "elcorp.governance.v1.PolicyService"),
        RpcService(governance_pb2_grpc.add_RoleServiceServicer_to_server, roles, "elcorp.governance.v1.RoleService"),
        RpcService(identity_pb2_grpc.add_IdentityServiceServicer_to_server, users, "elcorp.identity.v1.IdentityService"),
        RpcService(
            compliance_pb2_grpc.add_ScreeningServiceServicer_to_server, Screening(), "elcorp.compliance.v1.ScreeningService"
        ),
    ]
    server = RpcServer("127.0.0.1", 0, services, tls=tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)
