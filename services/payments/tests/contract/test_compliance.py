"""Payments' gRPC requests to compliance: screening, and the audit log's hash of a transfer."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import pytest

from chassis.rpc import RpcServer, RpcService, connect
from chassis.settings import ServiceSettings
from elcorp.common.v1 import money_pb2
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.errors import AccessDenied, DomainError, NotFound, Unavailable
from kernel.ids import new_id
from payments.application.ports.screening import Verdict
from payments.infrastructure.audit_log import ComplianceAuditLog
from payments.infrastructure.screening import ORDERS_MAX, ComplianceScreening
from services.payments.tests.unit.books import order

# ruff: noqa: N802  # the proto's names

BLOCKED = UUID(int=99)
Verdicts = list[compliance_pb2.Verdict]


class PaymentsAsPeer(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("compliance",)


@dataclass
class Compliance(compliance_pb2_grpc.ScreeningServiceServicer, compliance_pb2_grpc.AuditLogServiceServicer):
    """Clears every order except those to one wallet; `answers` replaces its verdicts."""

    asked: list[list[compliance_pb2.Screening]] = field(default_factory=list)
    answers: Callable[[Verdicts], Verdicts] = lambda verdicts: verdicts
    logged: dict[str, bytes] = field(default_factory=dict)
    refusal: DomainError | None = None

    async def ScreenTransfers(
        self, request: compliance_pb2.ScreenTransfersRequest, context: Any
    ) -> compliance_pb2.ScreenTransfersResponse:
        self.asked.append(list(request.transfers))
        verdicts = [
            compliance_pb2.Verdict(clear=False, reason="on the list")
            if one.target_id == str(BLOCKED)
            else compliance_pb2.Verdict(clear=True)
            for one in request.transfers
        ]
        return compliance_pb2.ScreenTransfersResponse(verdicts=self.answers(verdicts))

    async def GetFirstEntry(
        self, request: compliance_pb2.GetFirstEntryRequest, context: Any
    ) -> compliance_pb2.GetFirstEntryResponse:
        if self.refusal:
            raise self.refusal
        if request.resource_id not in self.logged:
            raise NotFound(resource_id=request.resource_id)
        return compliance_pb2.GetFirstEntryResponse(sequence=7, leaf_hash=self.logged[request.resource_id])


@dataclass
class Peers:
    compliance: Compliance
    server: RpcServer
    screening: ComplianceScreening
    audit_log: ComplianceAuditLog


@pytest.fixture
async def peers() -> AsyncIterator[Peers]:
    compliance = Compliance()
    services = [
        RpcService(
            compliance_pb2_grpc.add_ScreeningServiceServicer_to_server, compliance, "elcorp.compliance.v1.ScreeningService"
        ),
        RpcService(compliance_pb2_grpc.add_AuditLogServiceServicer_to_server, compliance, "elcorp.compliance.v1.AuditLogService"),
    ]
    server = RpcServer("127.0.0.1", 0, services)
    await server.start()
    async with connect(PaymentsAsPeer(compliance_target=f"dns:///127.0.0.1:{server.port}"), "compliance") as channel:
        yield Peers(compliance, server, ComplianceScreening(channel), ComplianceAuditLog(channel))
    await server.stop(grace_seconds=1)


async def test_compliance_receives_the_user_and_both_wallets_and_the_amount(peers: Peers) -> None:
    asked = order("250.01")
    assert await peers.screening.screen([asked]) == [Verdict(clear=True)]
    assert peers.compliance.asked == [
        [
            compliance_pb2.Screening(
                initiator_id=str(asked.initiator_id),
                source_id=str(asked.source_id),
                target_id=str(asked.target_id),
                amount=money_pb2.Money(amount="250.01", currency="NAD"),
            )
        ]
    ]


async def test_each_of_many_orders_gets_its_own_verdict(peers: Peers) -> None:
    blocked = {0, ORDERS_MAX - 1, ORDERS_MAX, 2 * ORDERS_MAX}
    orders = [order(target_id=BLOCKED) if n in blocked else order() for n in range(2 * ORDERS_MAX + 1)]
    verdicts = await peers.screening.screen(orders)
    assert [len(asked) for asked in peers.compliance.asked] == [ORDERS_MAX, ORDERS_MAX, 1]
    assert {n for n, verdict in enumerate(verdicts) if verdict == Verdict(clear=False, reason="on the list")} == blocked
    assert sum(verdict == Verdict(clear=True) for verdict in verdicts) == len(orders) - len(blocked)


@pytest.mark.parametrize(
    "answers", [lambda verdicts: verdicts[:-1], lambda verdicts: [*verdicts, verdicts[0]], lambda _verdicts: []]
)
async def test_a_response_that_does_not_match_the_request_clears_nothing(
    peers: Peers, answers: Callable[[Verdicts], Verdicts]
) -> None:
    peers.compliance.answers = answers
    with pytest.raises(Unavailable):
        await peers.screening.screen([order(), order()])


async def test_while_compliance_is_away_nothing_is_cleared(peers: Peers) -> None:
    await peers.server.stop(grace_seconds=0)
    with pytest.raises(Unavailable):
        await peers.screening.screen([order()])


async def test_a_transfer_has_its_hash_once_the_log_has_recorded_it(peers: Peers) -> None:
    transfer_id = new_id()
    assert await peers.audit_log.leaf_hash(transfer_id) is None
    peers.compliance.logged[str(transfer_id)] = bytes.fromhex("ab" * 32)
    assert await peers.audit_log.leaf_hash(transfer_id) == "ab" * 32


async def test_a_transfer_has_no_hash_while_the_log_is_away_but_other_errors_are_raised(peers: Peers) -> None:
    peers.compliance.refusal = AccessDenied()
    with pytest.raises(DomainError) as refused:
        await peers.audit_log.leaf_hash(new_id())
    assert refused.value.kind is AccessDenied.kind
    await peers.server.stop(grace_seconds=0)
    assert await peers.audit_log.leaf_hash(new_id()) is None
