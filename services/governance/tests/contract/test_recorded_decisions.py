"""The decisions that compliance keeps: one suite for the fake and for the adapter, which uses a real server and channel."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.rpc import RpcService, connect
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc, events_pb2
from governance.application.ports.recorded_decisions import RecordedDecision, RecordedDecisions, ShadowDenials
from governance.infrastructure.recorded_decisions import ComplianceDecisions
from governance.settings import GovernanceSettings
from kernel.errors import Unavailable
from services.governance.tests.contract.rpc import serve_rpc
from services.governance.tests.fakes.recorded_decisions import FakeRecordedDecisions

AT = datetime(2026, 3, 21, 8, 0, 0, 123456, tzinfo=UTC)
PAYMENT = RecordedDecision(
    at=AT,
    allowed=False,
    kind="user",
    subject_id="u-1",
    permission="payment:create",
    resource_type="wallet",
    resource_id="w-1",
    roles=("clerk", "user"),
    organization_id="0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10",
    interactive=True,
    ip="41.182.3.4",
    authenticated_at=AT,
    methods=("pwd", "otp"),
    attributes={"owner": "u-2"},
    facts={"amount": {"__extn": {"fn": "decimal", "arg": "5.00"}}},
    policies=("office-hours",),
    count=3,
)
ROLE = replace(PAYMENT, at=AT - timedelta(seconds=1), permission="role:manage", authenticated_at=None, organization_id="")
SEEN = replace(PAYMENT, at=AT - timedelta(seconds=2), allowed=True, policies=("role:user",), count=1)
OTHER = replace(PAYMENT, at=AT + timedelta(seconds=1), permission="wallet:read")
NIGHT = [ShadowDenials("payment:create", 7, 3, AT, AT), ShadowDenials("audit:view", 1, 1, AT, AT)]


def timestamp(at: datetime) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(at)
    return found


def message(decision: RecordedDecision, **changes: Any) -> events_pb2.PolicyDecision:
    return events_pb2.PolicyDecision(
        at=timestamp(decision.at),
        allowed=decision.allowed,
        principal_kind=decision.kind,
        principal_id=decision.subject_id,
        permission=decision.permission,
        resource_type=decision.resource_type,
        resource_id=decision.resource_id,
        roles=decision.roles,
        organization_id=decision.organization_id,
        interactive=decision.interactive,
        ip=decision.ip,
        authenticated_at=timestamp(decision.authenticated_at) if decision.authenticated_at else None,
        methods=decision.methods,
        attributes='{"owner":"u-2"}',
        facts='{"amount":{"__extn":{"fn":"decimal","arg":"5.00"}}}',
        policies=decision.policies,
        count=decision.count,
        **changes,
    )


@dataclass
class Compliance(compliance_pb2_grpc.DecisionLogServiceServicer):
    """The service that governance calls. Its pages are as short as a page of long decisions."""

    decisions: list[events_pb2.PolicyDecision] = field(default_factory=list)

    async def ListDecisions(  # noqa: N802  # the proto's name
        self, request: compliance_pb2.ListDecisionsRequest, context: Any
    ) -> compliance_pb2.ListDecisionsResponse:
        found = [each for each in self.decisions if each.permission in request.permissions]
        start = int(request.cursor or 0)
        following = str(start + 1) if start + 1 < len(found) else ""
        return compliance_pb2.ListDecisionsResponse(decisions=found[start : start + 1], next_cursor=following)

    async def SummarizeShadowDenials(  # noqa: N802  # the proto's name
        self, request: compliance_pb2.SummarizeShadowDenialsRequest, context: Any
    ) -> compliance_pb2.SummarizeShadowDenialsResponse:
        if request.policy != "night" or request.since != timestamp(AT):
            return compliance_pb2.SummarizeShadowDenialsResponse()
        denials = [
            compliance_pb2.ShadowDenials(
                permission=each.permission,
                decisions=each.decisions,
                people=each.people,
                first_at=timestamp(each.first_at),
                last_at=timestamp(each.last_at),
                roles=["user"],
            )
            for each in NIGHT
        ]
        return compliance_pb2.SummarizeShadowDenialsResponse(denials=denials, decisions=8, people=3)


@pytest.fixture(params=["fake", "compliance"])
async def recorded(request: pytest.FixtureRequest) -> AsyncIterator[RecordedDecisions]:
    if request.param == "fake":
        yield FakeRecordedDecisions([SEEN, PAYMENT, OTHER, ROLE], {"night": NIGHT})
        return
    truncated = message(replace(PAYMENT, subject_id="u-9"), is_truncated=True)
    compliance = Compliance([message(OTHER), truncated, *map(message, (PAYMENT, ROLE, SEEN))])
    services = [
        # The channel watches the health of the contract's first service.
        RpcService(
            compliance_pb2_grpc.add_ScreeningServiceServicer_to_server,
            compliance_pb2_grpc.ScreeningServiceServicer(),  # type: ignore[abstract]  # governance calls none of its methods
            "elcorp.compliance.v1.ScreeningService",
        ),
        RpcService(
            compliance_pb2_grpc.add_DecisionLogServiceServicer_to_server, compliance, "elcorp.compliance.v1.DecisionLogService"
        ),
    ]
    async with serve_rpc(services) as target, connect(GovernanceSettings(compliance_target=target), "compliance") as channel:
        yield ComplianceDecisions(channel)


@pytest.fixture(params=["fake", "compliance"])
async def silent(request: pytest.FixtureRequest) -> AsyncIterator[RecordedDecisions]:
    if request.param == "fake":
        yield FakeRecordedDecisions(away=True)
        return
    async with connect(GovernanceSettings(compliance_target="dns:///127.0.0.1:1"), "compliance") as channel:
        yield ComplianceDecisions(channel)


async def test_the_latest_decisions_are_read_completely(recorded: RecordedDecisions) -> None:
    wanted = {"payment:create", "role:manage"}
    assert list(await recorded.latest(permissions=wanted, limit=10)) == [PAYMENT, ROLE, SEEN]
    assert list(await recorded.latest(permissions=wanted, limit=2)) == [PAYMENT, ROLE]
    assert list(await recorded.latest(permissions=["role:manage"], limit=2)) == [ROLE]
    assert list(await recorded.latest(permissions=[], limit=2)) == []


async def test_what_a_shadow_policy_would_have_denied_is_read(recorded: RecordedDecisions) -> None:
    assert list(await recorded.shadow_denials("night", since=AT)) == NIGHT
    assert list(await recorded.shadow_denials("noon", since=AT)) == []


async def test_without_an_answer_of_compliance_decisions_are_unavailable(silent: RecordedDecisions) -> None:
    with pytest.raises(Unavailable):
        await silent.latest(permissions=["payment:create"], limit=1)
    with pytest.raises(Unavailable):
        await silent.shadow_denials("night", since=AT)
