"""The gRPC contract with governance, over a real server and a real channel."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.persistence.database import Database
from chassis.rpc import RemoteError, RpcServer, connect
from chassis.settings import ServiceSettings
from chassis.testing.clocks import ControlledClock
from compliance import wiring
from compliance.application import Compliance
from compliance.interfaces.grpc import rpc_services
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.errors import Kind
from services.compliance.tests.decisions import decision, sent
from services.compliance.tests.entries import AT
from services.compliance.tests.fakes.log_signer import Signer

SECOND = timedelta(seconds=1)


class GovernanceSettings(ServiceSettings):
    """Governance's settings that calls to compliance need."""

    NAME: ClassVar[str] = "governance"
    PEERS: ClassVar[tuple[str, ...]] = ("compliance",)


@pytest.fixture
def compliance(database: Database, clock: ControlledClock) -> Compliance:
    return wiring.use_cases(database=database, signer=Signer(), clock=clock)


@pytest.fixture
async def stub(compliance: Compliance) -> "AsyncIterator[compliance_pb2_grpc.DecisionLogServiceAsyncStub]":
    server = RpcServer("127.0.0.1", 0, rpc_services(compliance))
    await server.start()
    try:
        settings = GovernanceSettings(compliance_target=f"dns:///127.0.0.1:{server.port}")
        async with connect(settings, "compliance") as channel:
            yield compliance_pb2_grpc.DecisionLogServiceStub(channel)
    finally:
        await server.stop(0)


def timestamp(seconds: int = 0) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(AT + seconds * SECOND)
    return found


async def test_decisions_are_listed_newest_first_in_pages(
    compliance: Compliance, stub: "compliance_pb2_grpc.DecisionLogServiceAsyncStub"
) -> None:
    made = [decision(at=AT + number * SECOND, permission="audit:view" if number % 2 else "wallet:read") for number in range(6)]
    made[0] = decision(at=AT, organization_id=None, authenticated_at=None)
    await compliance.decisions.record_decisions(decisions=made)

    async def listed(**asked: Any) -> list[Any]:
        seen: list[Any] = []
        cursor = ""
        while True:
            page = await stub.ListDecisions(compliance_pb2.ListDecisionsRequest(limit=4, cursor=cursor, **asked))
            seen += page.decisions
            if not page.next_cursor:
                return seen
            cursor = page.next_cursor

    assert await listed() == list(sent(*reversed(made)).decisions)
    assert await listed(permissions=["audit:view"], since=timestamp(2)) == list(sent(made[5], made[3]).decisions)
    assert await listed(permissions=["user:read"]) == []


async def test_what_a_shadow_policy_would_have_denied_is_summarized(
    compliance: Compliance, stub: "compliance_pb2_grpc.DecisionLogServiceAsyncStub"
) -> None:
    night: dict[str, Any] = {"allowed": True, "shadow": ("night",)}
    await compliance.decisions.record_decisions(
        decisions=[
            decision(principal_id="u-1", count=2, **night),
            decision(principal_id="u-2", permission="audit:view", at=AT + SECOND, roles=("auditor",), **night),
        ]
    )
    summary = compliance_pb2.SummarizeShadowDenialsRequest(policy="night", since=timestamp())
    assert await stub.SummarizeShadowDenials(summary) == compliance_pb2.SummarizeShadowDenialsResponse(
        denials=[
            compliance_pb2.ShadowDenials(
                permission="payment:create", decisions=2, people=1, first_at=timestamp(), last_at=timestamp(), roles=["user"]
            ),
            compliance_pb2.ShadowDenials(
                permission="audit:view", decisions=1, people=1, first_at=timestamp(1), last_at=timestamp(1), roles=["auditor"]
            ),
        ],
        decisions=3,
        people=2,
    )
    none = compliance_pb2.SummarizeShadowDenialsRequest(policy="noon", since=timestamp())
    assert await stub.SummarizeShadowDenials(none) == compliance_pb2.SummarizeShadowDenialsResponse()


@pytest.mark.parametrize(
    "request_",
    [
        compliance_pb2.ListDecisionsRequest(limit=0),
        compliance_pb2.ListDecisionsRequest(limit=501),
        compliance_pb2.ListDecisionsRequest(limit=1, cursor="x"),
        compliance_pb2.ListDecisionsRequest(limit=1, cursor="x" * 101),
        compliance_pb2.ListDecisionsRequest(limit=1, permissions=[""]),
        compliance_pb2.ListDecisionsRequest(limit=1, permissions=["x"] * 501),
        compliance_pb2.SummarizeShadowDenialsRequest(policy="night"),
        compliance_pb2.SummarizeShadowDenialsRequest(since=timestamp()),
    ],
    ids=["none", "too many", "no cursor", "long cursor", "no permission", "many permissions", "no time", "no policy"],
)
async def test_requests_that_break_the_contract_are_refused(
    stub: "compliance_pb2_grpc.DecisionLogServiceAsyncStub", request_: Any
) -> None:
    call = stub.ListDecisions if isinstance(request_, compliance_pb2.ListDecisionsRequest) else stub.SummarizeShadowDenials
    with pytest.raises(RemoteError) as refused:
        await call(request_)
    assert refused.value.kind is Kind.INVALID
