"""Compliance's screening, over gRPC."""

from collections.abc import Sequence
from typing import Final

import grpc.aio

from elcorp.common.v1 import money_pb2
from elcorp.compliance.v1 import compliance_pb2, compliance_pb2_grpc
from kernel.errors import Unavailable
from payments.application.ports.screening import Verdict
from payments.domain.transfer_order import TransferOrder
from payments.infrastructure.peer_errors import errors_as_unavailable

# Per call, which has a deadline of one second.
ORDERS_MAX: Final = 500


class ComplianceScreening:
    """Screens with compliance. No answer or an error raises Unavailable: never a pass and never a final verdict."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: compliance_pb2_grpc.ScreeningServiceAsyncStub = compliance_pb2_grpc.ScreeningServiceStub(channel)

    async def screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        verdicts: list[Verdict] = []
        for start in range(0, len(orders), ORDERS_MAX):
            verdicts += await self._screen(orders[start : start + ORDERS_MAX])
        return verdicts

    async def _screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        request = compliance_pb2.ScreenTransfersRequest(transfers=[_screening(order) for order in orders])
        with errors_as_unavailable("compliance"):
            response = await self._stub.ScreenTransfers(request)
        if len(response.verdicts) != len(orders):
            raise Unavailable(dependency="compliance", asked=len(orders), answered=len(response.verdicts))
        return [Verdict(verdict.clear, verdict.reason) for verdict in response.verdicts]


def _screening(order: TransferOrder) -> compliance_pb2.Screening:
    return compliance_pb2.Screening(
        initiator_id=str(order.initiator_id),
        source_id=str(order.source_id),
        target_id=str(order.target_id),
        amount=money_pb2.Money(amount=order.amount.text, currency=order.amount.currency.code),
        organization_id=str(order.organization_id) if order.organization_id else "",
    )
