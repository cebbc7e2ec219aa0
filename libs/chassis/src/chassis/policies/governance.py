"""Bundles and limited roles from governance, over gRPC."""

from collections.abc import Collection
from typing import Final

import grpc.aio

from chassis.errors import as_domain_error
from chassis.policies.bundle import Bundle
from chassis.policies.limited_roles import LimitedRole, SubjectRow
from chassis.rpc.status import RemoteError
from elcorp.governance.v1.governance_pb2 import (
    GetBundleRequest,
    ListInactiveOrganizationsRequest,
    ListLimitedRolesRequest,
)
from elcorp.governance.v1.governance_pb2_grpc import PolicyServiceStub
from kernel.feeds import FeedPage

# Some 120 bytes each, of the four mebibytes that a message may have; and the most in the contract.
SUBJECTS_PER_PAGE: Final = 5000


class GovernanceBundles:
    """The BundleSource of every service except governance."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = PolicyServiceStub(channel)

    async def fetch(self, known_version: int) -> Bundle | None:
        """Return the bundle in force, None if it is the known version; raises Unavailable."""
        try:
            response = await self._stub.GetBundle(GetBundleRequest(known_version=known_version))
        except grpc.aio.AioRpcError as exc:
            raise as_domain_error(exc) from exc
        if response.version == known_version:
            return None
        return Bundle(response.version, response.policies, response.schema, response.shadow_policies)


class GovernanceLimitedRoles:
    """The LimitedRoleSource of every service except governance."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = PolicyServiceStub(channel)

    async def inactive_organizations(self) -> Collection[str]:
        """Return the organizations for which no limited role is in force; raises Unavailable."""
        try:
            response = await self._stub.ListInactiveOrganizations(ListInactiveOrganizationsRequest())
        except RemoteError as error:
            if error.facts.get("status") == grpc.StatusCode.UNIMPLEMENTED.name:
                # The previous release of governance has no organizations.
                return ()
            raise
        except grpc.aio.AioRpcError as exc:
            raise as_domain_error(exc) from exc
        return list(response.organization_ids)

    async def page(self, cursor: str) -> FeedPage[SubjectRow]:
        """Return the next page of the feed; raises Unavailable."""
        try:
            response = await self._stub.ListLimitedRoles(ListLimitedRolesRequest(cursor=cursor, limit=SUBJECTS_PER_PAGE))
        except RemoteError as error:
            if error.facts.get("status") == grpc.StatusCode.UNIMPLEMENTED.name:
                # The previous release of governance grants none.
                return FeedPage([], "", "", is_last=True)
            raise
        except grpc.aio.AioRpcError as exc:
            raise as_domain_error(exc) from exc
        rows = [SubjectRow(each.subject_id, list(map(LimitedRole.read, each.roles)), each.version) for each in response.subjects]
        at = response.position
        return FeedPage(rows, at.cursor, at.restart, at.is_last, at.is_reset)
