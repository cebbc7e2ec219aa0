"""Receipts, which a payer or payee can show to others."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from chassis.files import PDF, file_responses
from chassis.rest import Authenticated, CurrentActor, Envelope, Router, attachment, envelope
from kernel.reads import OTHERS
from payments.interfaces.documents.receipt_pdf import receipt_pdf
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.receipts import ReceiptResponse

receipts = Router(tags=["transfers"])


@receipts.get(
    "/transfers/{transfer_id}/receipt",
    dependencies=[Authenticated],
    response_model=Envelope[ReceiptResponse],
    responses=file_responses(PDF),
    reads=OTHERS,
)
async def get_receipt(
    transfer_id: UUID,
    actor: CurrentActor,
    app: App,
    format: Annotated[Literal["json", "pdf"], Query()] = "json",  # noqa: A002  # the parameter's name
) -> Envelope[ReceiptResponse] | Response:
    """Get the receipt of a settled transfer, with its proofs: the hash in the audit log and the payer's signature."""
    receipt = await app.receipts.get_receipt(actor=actor, transfer_id=transfer_id)
    if format == "pdf":
        document = await receipt_pdf(receipt)
        return Response(document, headers={"content-disposition": attachment(f"receipt-{transfer_id}.pdf")}, media_type=PDF)
    return envelope(ReceiptResponse.of(receipt))
