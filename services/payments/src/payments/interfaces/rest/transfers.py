"""Transfers. Each is stored with its Idempotency-Key, for as long as the transfer itself."""

from uuid import UUID

from fastapi import Response

from chassis.rest import (
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    IdempotencyKey,
    Requires,
    Router,
    cursor_of,
    envelope,
    mark_replayed,
)
from kernel.assurance import NONE, RECENT, STRONG
from kernel.money import Money
from kernel.reads import OTHERS, OWN
from payments.interfaces.rest.dependencies import APPROVES, PAYS, App, HistoryQuery, PayingOrganization
from payments.interfaces.rest.dry_run import DRY_RUN
from payments.interfaces.rest.schemas.transfers import (
    CaptureTransferRequest,
    LinkedTransfersRequest,
    LinkedTransfersResponse,
    ReasonRequest,
    RefundRequest,
    TransferRequest,
    TransferResponse,
)
from payments.interfaces.rest.transfer_answers import enveloped, rehearsal, settled_answer

transfers = Router(prefix="/transfers", tags=["transfers"], moves_money=True)


@transfers.post(
    "",
    status_code=201,
    dependencies=[PAYS],
    idempotency="own",
    response_model=Envelope[TransferResponse],
    responses=DRY_RUN,
    assurance=NONE,
)
async def transfer_tokens(
    body: TransferRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[TransferResponse] | Response:
    """Move money from one of the caller's wallets to another wallet: now, or on hold until it is captured.

    A transfer that requires another person's approval is returned with status `pending_approval`, and its money is on hold.
    """
    order = body.order(actor, key)
    if body.dry_run:
        return await rehearsal(app, actor, [order])
    return settled_answer(await app.transfers.transfer_tokens(actor=actor, order=order), response)


@transfers.post(
    "/linked",
    status_code=201,
    dependencies=[PAYS],
    idempotency="own",
    response_model=Envelope[LinkedTransfersResponse],
    responses=DRY_RUN,
    assurance=NONE,
)
async def transfer_linked(
    body: LinkedTransfersRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[LinkedTransfersResponse] | Response:
    """Make 2 to 100 linked transfers: all are settled, or none."""
    if body.dry_run:
        return await rehearsal(app, actor, body.orders(actor, key))
    settled = await app.transfers.transfer_linked(actor=actor, orders=body.orders(actor, key))
    if settled[0].replayed:
        mark_replayed(response)
    made = [TransferResponse.of(one.transfer) for one in settled]
    return envelope(LinkedTransfersResponse.model_construct(link_id=made[0].link_id, items=made))


@transfers.get("", dependencies=[Authenticated], reads=OWN)
async def list_transfers(
    actor: CurrentActor, cursor: CursorPaging, app: App, wanted: HistoryQuery
) -> Envelope[CursorPageOf[TransferResponse]]:
    """List the transfers that the caller's wallets sent and received, newest first.

    A page may be shorter than requested and still have a next page; an empty page is the last.
    """
    return cursor_of(await app.transfers.list_transfers(actor=actor, wanted=wanted, cursor=cursor), TransferResponse.of)


@transfers.get("/awaiting-approval", dependencies=[APPROVES], reads=OTHERS)
async def list_awaiting_approval(
    actor: CurrentActor, cursor: CursorPaging, app: App, organization_id: PayingOrganization = None
) -> Envelope[CursorPageOf[TransferResponse]]:
    """List all users' transfers that await approval, newest first, or those that an organization pays."""
    page = await app.transfers.list_awaiting_approval(actor=actor, cursor=cursor, organization_id=organization_id)
    return cursor_of(page, TransferResponse.of)


@transfers.get("/{transfer_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_transfer(transfer_id: UUID, actor: CurrentActor, app: App) -> Envelope[TransferResponse]:
    """Get a transfer that the caller made, sent or received. Staff may get any."""
    transfer, transaction_hash = await app.transfers.get_transfer(actor=actor, transfer_id=transfer_id)
    return envelope(TransferResponse.of(transfer, transaction_hash=transaction_hash))


@transfers.post("/{transfer_id}/capture", dependencies=[PAYS], assurance=NONE)
async def capture_transfer(
    transfer_id: UUID, body: CaptureTransferRequest, actor: CurrentActor, app: App
) -> Envelope[TransferResponse]:
    """Capture a hold, in whole or in part, and release the rest. The sender and the receiver may do so.

    Refused if the receiver's account is suspended or closed.
    """
    currency = await app.transfers.get_transfer_currency(actor=actor, transfer_id=transfer_id)
    amount = Money.of(body.amount, currency) if body.amount is not None else None
    return enveloped(await app.transfers.capture_transfer(actor=actor, transfer_id=transfer_id, amount=amount))


@transfers.post("/{transfer_id}/void", dependencies=[Authenticated], assurance=NONE, others=RECENT)
async def void_transfer(transfer_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App) -> Envelope[TransferResponse]:
    """Cancel a hold and release its money.

    The receiver may at any time; the sender only while it awaits approval; staff any hold to which they are not a party.
    """
    return enveloped(await app.transfers.void_transfer(actor=actor, transfer_id=transfer_id, reason=body.reason))


@transfers.post(
    "/{transfer_id}/approve",
    dependencies=[APPROVES],
    idempotency="steps",
    assurance=STRONG,
)
async def approve_transfer(transfer_id: UUID, actor: CurrentActor, app: App) -> Envelope[TransferResponse]:
    """Approve a waiting transfer. Nobody may approve a transfer that they ordered, pay or receive."""
    return enveloped(await app.transfers.approve_transfer(actor=actor, transfer_id=transfer_id))


@transfers.post(
    "/{transfer_id}/reject",
    dependencies=[APPROVES],
    idempotency="steps",
    assurance=STRONG,
)
async def reject_transfer(transfer_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App) -> Envelope[TransferResponse]:
    """Reject a waiting transfer and release its money. Nobody may decide on a transfer that they ordered, pay or receive."""
    return enveloped(await app.transfers.reject_transfer(actor=actor, transfer_id=transfer_id, reason=body.reason))


@transfers.post(
    "/{transfer_id}/refund",
    status_code=201,
    dependencies=[PAYS],
    idempotency="own",
    assurance=NONE,
)
async def refund_transfer(
    transfer_id: UUID, body: RefundRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[TransferResponse]:
    """Refund a transfer that the caller received, in whole or in part. Returns the refund, which is a transfer of its own."""
    currency = await app.transfers.get_transfer_currency(actor=actor, transfer_id=transfer_id)
    amount = Money.of(body.amount, currency) if body.amount is not None else None
    settled = await app.transfers.refund_transfer(
        actor=actor, key=key, transfer_id=transfer_id, amount=amount, reason=body.reason
    )
    return settled_answer(settled, response)


@transfers.post(
    "/{transfer_id}/reverse",
    status_code=201,
    dependencies=[Requires("payment:reconcile")],
    idempotency="own",
    assurance=STRONG,
)
async def reverse_transfer(
    transfer_id: UUID, body: ReasonRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[TransferResponse]:
    """Undo a whole entry, including its fees. Returns the reversal, which is a transfer of its own."""
    settled = await app.transfers.reverse_transfer(actor=actor, key=key, transfer_id=transfer_id, reason=body.reason)
    return settled_answer(settled, response)
