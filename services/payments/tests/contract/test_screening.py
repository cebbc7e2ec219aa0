"""Payments' requests to compliance and the responses it accepts, over a real gRPC server and channel."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from chassis.rpc import RpcServer, RpcService, connect
from chassis.rpc.callers import UnknownCaller
from elcorp.common.v1 import money_pb2
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.errors import AccessDenied, DomainError, InvalidValue, Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.application.ports.screening import Verdict
from payments.domain.transfer_order import TransferKind, TransferOrder
from payments.infrastructure.screening import ORDERS_MAX, ComplianceScreening
from payments.settings import PaymentsSettings

Verdicts = list[compliance_pb2.Verdict]


@dataclass
class Compliance(compliance_pb2_grpc.ScreeningServiceServicer):
    """Refuses blocked users; `change` alters the response to the call with this number."""

    blocked: set[str] = field(default_factory=set)
    change: Callable[[int, Verdicts], Verdicts] = lambda _number, verdicts: verdicts
    asked: list[Sequence[compliance_pb2.Screening]] = field(default_factory=list)

    async def ScreenTransfers(  # noqa: N802  # the proto's name
        self, request: compliance_pb2.ScreenTransfersRequest, context: Any
    ) -> compliance_pb2.ScreenTransfersResponse:
        self.asked.append(list(request.transfers))
        verdicts = [_verdict(transfer.target_id in self.blocked) for transfer in request.transfers]
        return compliance_pb2.ScreenTransfersResponse(verdicts=self.change(len(self.asked), verdicts))


def _verdict(blocked: bool) -> compliance_pb2.Verdict:
    return compliance_pb2.Verdict(clear=not blocked, reason="court order" if blocked else "")


@asynccontextmanager
async def screening_by(compliance: Compliance) -> AsyncIterator[ComplianceScreening]:
    add = compliance_pb2_grpc.add_ScreeningServiceServicer_to_server
    server = RpcServer("127.0.0.1", 0, [RpcService(add, compliance, "elcorp.compliance.v1.ScreeningService")])
    await server.start()
    try:
        settings = PaymentsSettings(compliance_target=f"dns:///127.0.0.1:{server.port}")
        async with connect(settings, "compliance") as channel:
            yield ComplianceScreening(channel)
    finally:
        await server.stop(0)


def orders(count: int) -> list[TransferOrder]:
    return [
        TransferOrder(
            kind=TransferKind.TRANSFER,
            key=str(number),
            initiator_id=new_id(),
            source_id=new_id(),
            target_id=new_id(),
            amount=Money.of(Decimal(number + 1), "NAD"),
            description="",
        )
        for number in range(count)
    ]


async def test_compliance_receives_the_payer_and_the_payee_and_the_amount() -> None:
    compliance = Compliance()
    [order] = (replace(order, organization_id=new_id()) for order in orders(1))
    async with screening_by(compliance) as screening:
        assert await screening.screen([order]) == [Verdict(clear=True, reason="")]
    expected = compliance_pb2.Screening(
        initiator_id=str(order.initiator_id),
        source_id=str(order.source_id),
        target_id=str(order.target_id),
        amount=money_pb2.Money(amount="1.00", currency="NAD"),
        organization_id=str(order.organization_id),
    )
    assert compliance.asked == [[expected]]


async def test_orders_split_over_several_calls_get_their_verdicts_in_order() -> None:
    asked = orders(2 * ORDERS_MAX + 1)
    blocked = {0, 7, ORDERS_MAX - 1, ORDERS_MAX, 2 * ORDERS_MAX}
    compliance = Compliance({str(asked[number].target_id) for number in blocked})
    async with screening_by(compliance) as screening:
        verdicts = await screening.screen(asked)
    assert {number for number, verdict in enumerate(verdicts) if not verdict.clear} == blocked
    assert {verdict.reason for verdict in verdicts} == {"", "court order"}
    assert [len(call) for call in compliance.asked] == [ORDERS_MAX, ORDERS_MAX, 1]
    assert [each.target_id for call in compliance.asked for each in call] == [str(order.target_id) for order in asked]


async def test_no_orders_make_no_request() -> None:
    compliance = Compliance()
    async with screening_by(compliance) as screening:
        assert list(await screening.screen([])) == []
    assert compliance.asked == []


CHANGES: dict[str, Callable[[Verdicts], Verdicts]] = {
    "one short": lambda verdicts: verdicts[:-1],
    "empty": lambda _verdicts: [],
    "one more": lambda verdicts: [*verdicts, _verdict(blocked=False)],
    "twice as many": lambda verdicts: verdicts * 2,
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_response_with_another_length_than_its_request_clears_nothing(change: str) -> None:
    compliance = Compliance(change=lambda _number, verdicts: CHANGES[change](verdicts))
    async with screening_by(compliance) as screening:
        for count in (1, 3):
            with pytest.raises(Unavailable):
                await screening.screen(orders(count))


async def test_one_short_response_of_several_clears_no_order() -> None:
    compliance = Compliance(
        change=lambda number, verdicts: verdicts[:-1] if number == 1 else [*verdicts, _verdict(blocked=False)]
    )
    async with screening_by(compliance) as screening:
        # As many verdicts as orders in total, but not one for each.
        with pytest.raises(Unavailable):
            await screening.screen(orders(2 * ORDERS_MAX))


@pytest.mark.parametrize("error", [AccessDenied, UnknownCaller, InvalidValue], ids=lambda error: error.__name__)
async def test_an_error_of_compliance_is_not_a_verdict(error: type[DomainError]) -> None:
    """The error concerns this service, such as its certificate. Taken as a refusal, it would fail a scheduled transfer."""

    def refuse(_number: int, _verdicts: Verdicts) -> Verdicts:
        raise error

    async with screening_by(Compliance(change=refuse)) as screening:
        with pytest.raises(Unavailable):
            await screening.screen(orders(1))
