"""Read the decisions that compliance keeps, over gRPC."""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc, events_pb2
from governance.application.ports.recorded_decisions import RecordedDecision, ShadowDenials

_PAGE_MAX: Final = 500


class ComplianceDecisions:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: compliance_pb2_grpc.DecisionLogServiceAsyncStub = compliance_pb2_grpc.DecisionLogServiceStub(channel)

    async def latest(self, *, permissions: Collection[str], limit: int) -> Sequence[RecordedDecision]:
        # Compliance would take none for all.
        if not permissions:
            return []
        wanted, cursor, found = sorted(permissions), "", list[RecordedDecision]()
        while len(found) < limit:
            asked = compliance_pb2.ListDecisionsRequest(permissions=wanted, limit=min(limit, _PAGE_MAX), cursor=cursor)
            page = await self._stub.ListDecisions(asked)
            found += [_decision(each) for each in page.decisions if not each.is_truncated]
            cursor = page.next_cursor
            if not cursor:
                break
        return found[:limit]

    async def shadow_denials(self, policy: str, *, since: datetime) -> Sequence[ShadowDenials]:
        asked = compliance_pb2.SummarizeShadowDenialsRequest(policy=policy, since=_timestamp(since))
        summary = await self._stub.SummarizeShadowDenials(asked)
        return [
            ShadowDenials(each.permission, each.decisions, each.people, _time(each.first_at), _time(each.last_at))
            for each in summary.denials
        ]


def _decision(given: events_pb2.PolicyDecision) -> RecordedDecision:
    return RecordedDecision(
        at=_time(given.at),
        allowed=given.allowed,
        kind=given.principal_kind,
        subject_id=given.principal_id,
        permission=given.permission,
        resource_type=given.resource_type,
        resource_id=given.resource_id,
        roles=tuple(given.roles),
        organization_id=given.organization_id,
        interactive=given.interactive,
        ip=given.ip,
        authenticated_at=_time(given.authenticated_at) if given.HasField("authenticated_at") else None,
        methods=tuple(given.methods),
        attributes=json.loads(given.attributes),
        facts=json.loads(given.facts),
        policies=tuple(given.policies),
        count=given.count,
    )


def _time(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(UTC)


def _timestamp(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at.astimezone(UTC))
    return timestamp
