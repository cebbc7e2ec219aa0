"""Transfers and issuances. They keep their own Idempotency-Key, with the payment and for as long."""

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
from kernel.money import Money
from payments.application.ports.ledger import Settled
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.transfers import IssuanceRequest, TransferRequest, TransferResponse

transfers = Router(prefix="/transfers", tags=["transfers"])
issuances = Router(prefix="/issuances", tags=["issuances"])


@transfers.post("", status_code=201, dependencies=[Requires("payment:create")], idempotency="own")
async def transfer_tokens(
    body: TransferRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[TransferResponse]:
    """Move money from one of the caller's wallets to another wallet."""
    settled = await app.transfers.transfer_tokens(
        actor=actor,
        key=key,
        source_id=body.source_wallet_id,
        target_id=body.target_wallet_id,
        amount=Money.of(body.amount, body.currency),
        description=body.description,
    )
    return _answer(settled, response)


@transfers.get("", dependencies=[Authenticated])
async def list_transfers(actor: CurrentActor, cursor: CursorPaging, app: App) -> Envelope[CursorPageOf[TransferResponse]]:
    """Page through what the caller's wallets sent and received, newest first."""
    return cursor_of(await app.queries.transfers_of(actor.user_id, cursor), TransferResponse.of_view)


@transfers.get("/{transfer_id}", dependencies=[Authenticated])
async def get_transfer(transfer_id: UUID, actor: CurrentActor, app: App) -> Envelope[TransferResponse]:
    """Read a transfer that the caller made, sent or received."""
    return envelope(TransferResponse.of_view(await app.transfers.read_transfers.transfer(actor=actor, transfer_id=transfer_id)))


@issuances.post("", status_code=201, dependencies=[Requires("treasury:issue")], idempotency="own")
async def issue_money(
    body: IssuanceRequest, key: IdempotencyKey, actor: CurrentActor, app: App, response: Response
) -> Envelope[TransferResponse]:
    """Issue money from the treasury into a wallet."""
    settled = await app.transfers.issue_money(
        actor=actor, key=key, wallet_id=body.wallet_id, amount=Money.of(body.amount, body.currency), reason=body.reason
    )
    return _answer(settled, response)


def _answer(settled: Settled, response: Response) -> Envelope[TransferResponse]:
    if settled.replayed:
        mark_replayed(response)
    return envelope(TransferResponse.of(settled.transfer))
