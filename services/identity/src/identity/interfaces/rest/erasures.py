"""Erasures of users, and their receipts."""

from uuid import UUID

from chassis.rest import (
    Authenticated,
    CurrentActor,
    Envelope,
    Public,
    Router,
    envelope,
)
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.erasures import ErasureRequest, ErasureResponse, ReceiptKeyResponse
from kernel.assurance import RECENT
from kernel.reads import NOBODY, REFERENCE

user_erasures = Router(prefix="/users", tags=["privacy"])
erasures = Router(prefix="/erasures", tags=["privacy"])


# Repeating an erasure has no effect, and the user's stored responses are erased as well.
@user_erasures.post("/{user_id}/erasure", status_code=202, dependencies=[Authenticated], idempotency=False, assurance=RECENT)
async def request_user_erasure(user_id: UUID, body: ErasureRequest, actor: CurrentActor, app: App) -> Envelope[ErasureResponse]:
    """Close the caller's account permanently and erase it as soon as the law allows. `user:erase_any` allows any user's account.

    Asking again returns the same erasure. Refused while a change of e-mail address can be undone (72 hours; `IDN_006`).
    """
    erasure = await app.erasures.request_user_erasure(actor=actor, user_id=user_id, reason=body.reason)
    return envelope(ErasureResponse.of_erasure(erasure))


# Before "/{erasure_id}", which would match this path too.
@erasures.get("/receipt-keys", dependencies=[Public], reads=NOBODY)
async def list_receipt_keys(app: App) -> Envelope[list[ReceiptKeyResponse]]:
    """List the public keys that verify the receipts of erasures."""
    return envelope([ReceiptKeyResponse.of(key) for key in await app.erasures.list_receipt_keys()])


@erasures.get("/{erasure_id}", dependencies=[Public], reads=REFERENCE)
async def get_erasure(erasure_id: UUID, app: App) -> Envelope[ErasureResponse]:
    """Get the status of an erasure and, once completed, its signed receipt. No sign-in is required: the erased user has none."""
    return envelope(ErasureResponse.of(await app.erasures.get_erasure(erasure_id=erasure_id)))
