"""The response of a dry run."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import ResponseModel
from payments.application.transfers.rehearsal import Rehearsal
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferKind
from payments.interfaces.rest.schemas.needs import OrderNeedsResponse
from payments.interfaces.rest.schemas.refusals import LimitLeftResponse, RehearsedRefusalResponse
from payments.interfaces.rest.schemas.transfers import FeeLineResponse, TransferResponse


class RehearsedTransferResponse(ResponseModel):
    kind: TransferKind
    status: TransferStatus
    source_wallet_id: UUID
    target_wallet_id: UUID
    amount: str = Field(examples=["250.00"])
    currency: str
    fee_total: str = Field(examples=["2.00"])
    total: str = Field(description="The debit of the payer's wallet", examples=["252.00"])
    fees: list[FeeLineResponse]
    target_amount: str | None
    target_currency: str | None
    rate: str | None

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        shown = TransferResponse.of(transfer)
        return cls(
            kind=transfer.order.kind,
            status=transfer.status,
            source_wallet_id=shown.source_wallet_id,
            target_wallet_id=shown.target_wallet_id,
            amount=shown.amount,
            currency=shown.currency,
            fee_total=shown.fee_total,
            total=transfer.quote.total.text,
            fees=shown.fees,
            target_amount=shown.target_amount,
            target_currency=shown.target_currency,
            rate=shown.rate,
        )


class RehearsalResponse(ResponseModel):
    """The result that the request would have now. Nothing was written, and its Idempotency-Key stays unused.

    `outcome` is `made`, `replayed` (an earlier request has this key) or `refused`. The first of `refusals` is the error that
    would be returned. `transfers` are those that would be made once `needs` are met, or empty if they cannot be made.
    `limits_left` is what the payer could still move after them. `screening` is compliance's verdict: `clear`, `refused`, or
    null if there is none.
    """

    outcome: Literal["made", "replayed", "refused"]
    transfers: list[RehearsedTransferResponse]
    needs: OrderNeedsResponse
    refusals: list[RehearsedRefusalResponse]
    limits_left: list[LimitLeftResponse]
    screening: Literal["clear", "refused"] | None

    @classmethod
    def of(cls, rehearsal: Rehearsal) -> Self:
        refusals = [RehearsedRefusalResponse.of(refusal, is_linked=rehearsal.is_linked) for refusal in rehearsal.refusals]
        outcome: Literal["made", "replayed", "refused"] = "refused" if refusals else "made"
        return cls(
            outcome="replayed" if rehearsal.replayed else outcome,
            transfers=[RehearsedTransferResponse.of(transfer) for transfer in rehearsal.transfers],
            needs=OrderNeedsResponse.of(rehearsal.needs),
            refusals=refusals,
            limits_left=[LimitLeftResponse.of(left) for left in rehearsal.limits],
            screening=rehearsal.screening,
        )
