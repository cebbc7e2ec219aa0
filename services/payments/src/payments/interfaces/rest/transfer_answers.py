"""The responses of routes that make a transfer."""

from collections.abc import Sequence

from fastapi import Response

from chassis.rest import Envelope, envelope, mark_replayed
from kernel.actor import Actor
from payments.application import Payments
from payments.application.ports.transfers import Settled
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferOrder
from payments.interfaces.rest.dry_run import rehearsed
from payments.interfaces.rest.schemas.rehearsal import RehearsalResponse
from payments.interfaces.rest.schemas.transfers import TransferResponse


async def rehearsal(app: Payments, actor: Actor, orders: Sequence[TransferOrder]) -> Response:
    """Return the response of a dry run of these orders."""
    return rehearsed(RehearsalResponse.of(await app.transfers.rehearse_transfers(actor=actor, orders=orders)))


def settled_answer(settled: Settled, response: Response) -> Envelope[TransferResponse]:
    """Return the response with a transfer made now or by an earlier request with the same key."""
    if settled.replayed:
        mark_replayed(response)
    return enveloped(settled.transfer)


def enveloped(transfer: Transfer) -> Envelope[TransferResponse]:
    return envelope(TransferResponse.of(transfer))
