"""Payments to merchants and billers. Each is stored with its Idempotency-Key, for as long as the payment itself."""

from fastapi import Response

from chassis.rest import (
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    IdempotencyKey,
    Router,
    cursor_of,
)
from kernel.assurance import NONE
from kernel.reads import OWN
from payments.interfaces.rest.dependencies import PAYS, App, HistoryQuery
from payments.interfaces.rest.dry_run import DRY_RUN
from payments.interfaces.rest.schemas.payments import PaymentRequest
from payments.interfaces.rest.schemas.transfers import TransferResponse
from payments.interfaces.rest.transfer_answers import rehearsal, settled_answer

payments = Router(prefix="/payments", tags=["payments"], moves_money=True)


@payments.post(
    "",
    status_code=201,
    dependencies=[PAYS],
    idempotency="own",
    response_model=Envelope[TransferResponse],
    responses=DRY_RUN,
    assurance=NONE,
)
async def make_payment(
    body: PaymentRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[TransferResponse] | Response:
    """Pay a merchant or biller under their reference. To a wallet that is not a merchant's, the payment is a transfer."""
    order = body.order(actor, key)
    if body.dry_run:
        return await rehearsal(app, actor, [order])
    return settled_answer(await app.payments.make_payment(actor=actor, order=order), response)


@payments.get("", dependencies=[Authenticated], reads=OWN)
async def list_payments(
    actor: CurrentActor, cursor: CursorPaging, app: App, wanted: HistoryQuery
) -> Envelope[CursorPageOf[TransferResponse]]:
    """List the payments that the caller made and received, newest first."""
    return cursor_of(await app.payments.list_payments(actor=actor, wanted=wanted, cursor=cursor), TransferResponse.of)
