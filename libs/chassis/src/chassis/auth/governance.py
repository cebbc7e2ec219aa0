"""Ended memberships from governance, over gRPC."""

from collections.abc import Sequence
from datetime import UTC

import grpc.aio

from chassis.auth.ended_memberships import Ending
from chassis.errors import as_domain_error
from chassis.rpc.status import RemoteError
from elcorp.governance.v1.governance_pb2 import ListEndedMembershipsRequest
from elcorp.governance.v1.governance_pb2_grpc import PolicyServiceStub


class GovernanceEndings:
    """The EndingSource of every service except governance."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = PolicyServiceStub(channel)

    async def endings(self) -> Sequence[Ending]:
        """Return the endings of the last twenty minutes; raises Unavailable."""
        try:
            response = await self._stub.ListEndedMemberships(ListEndedMembershipsRequest())
        except RemoteError as error:
            if error.facts.get("status") == grpc.StatusCode.UNIMPLEMENTED.name:
                # The previous release of governance only announces them.
                return ()
            raise
        except grpc.aio.AioRpcError as exc:
            raise as_domain_error(exc) from exc
        return [
            Ending(each.subject_id, each.organization_id, each.ended_at.ToDatetime(tzinfo=UTC)) for each in response.memberships
        ]
