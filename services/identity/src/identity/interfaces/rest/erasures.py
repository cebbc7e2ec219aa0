"""Erasing users, and the receipts of it."""

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


# The erasure itself makes a repeat harmless, and its user's kept answers go with it.
@user_erasures.post("/{user_id}/erasure", status_code=202, dependencies=[Authenticated], idempotency=False, assurance=RECENT)
async def request_user_erasure(user_id: UUID, body: ErasureRequest, actor: CurrentActor, app: App) -> Envelope[ErasureResponse]:
    """Close an account permanently and erase it as soon as the law allows: the caller's, or with `user:erase_any` any user's.

    Asking again returns the same erasure. While a change of e-mail can be undone (72 hours) it is refused (`IDN_006`).
    """
    erasure = await app.erasures.request_user_erasure(actor=actor, user_id=user_id, reason=body.reason)
    return envelope(ErasureResponse.of_erasure(erasure))


# Before "/{erasure_id}", which would take it.
@erasures.get("/receipt-keys", dependencies=[Public], reads=NOBODY)
async def list_receipt_keys(app: App) -> Envelope[list[ReceiptKeyResponse]]:
    """List the public keys that receipts of erasures can be checked with."""
    return envelope([ReceiptKeyResponse.of(key) for key in await app.erasures.list_receipt_keys()])


@erasures.get("/{erasure_id}", dependencies=[Public], reads=REFERENCE)
async def get_erasure(erasure_id: UUID, app: App) -> Envelope[ErasureResponse]:
    """Tell how an erasure stands, with the receipt once it is done; who is erased can sign in no more."""
    return envelope(ErasureResponse.of(await app.erasures.get_erasure(erasure_id=erasure_id)))
