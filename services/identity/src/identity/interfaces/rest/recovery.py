"""Account recovery after the loss of a second factor or the theft of an e-mail address."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import CurrentActor, Envelope, PageOf, Paging, Public, ReadReasonOfOthers, Requires, Router, envelope, page_of
from identity.domain.recovery_request import RecoveryStatus
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.recovery import (
    AskRecoveryRequest,
    DecideRecoveryRequest,
    EmailChangeUndoneResponse,
    RecoveryAskedResponse,
    RecoveryConfirmedResponse,
    RecoveryResponse,
    UndoEmailChangeRequest,
)
from identity.interfaces.rest.schemas.registration import VerifyCodeRequest
from kernel.assurance import NONE, STRONG
from kernel.reads import SEARCH

recovery = Router(prefix="/auth", tags=["recovery"], idempotent=False)


@recovery.post("/email-change/undo", dependencies=[Public], assurance=NONE)
async def undo_email_change(body: UndoEmailChangeRequest, actor: CurrentActor, app: App) -> Envelope[EmailChangeUndoneResponse]:
    """Restore the former address with the link sent to it and a password from before the change. All sessions end.

    The password is disabled: choose the next one by a reset at the restored address. Passkeys and device keys that were added
    within 72 hours before the change, or later, are removed. Scheduled transfers stay: cancel those that are not yours.
    """
    await app.recovery.undo_email_change(actor=actor, token=body.token, password=body.password)
    return envelope(EmailChangeUndoneResponse())


@recovery.post("/recovery", status_code=202, dependencies=[Public], assurance=NONE)
async def ask_recovery(body: AskRecoveryRequest, actor: CurrentActor, app: App) -> Envelope[RecoveryAskedResponse]:
    """Request the removal of a lost second factor. Send the challenge of a password sign-in.

    A code is sent to the account's e-mail address. Confirm the request with it; another person then decides within a week.
    `/auth/verify-email/resend` sends another code. A sign-in or step-up with a second factor of the account ends the request.
    """
    return envelope(
        RecoveryAskedResponse.of(await app.recovery.ask_recovery(actor=actor, challenge=body.challenge, reason=body.reason))
    )


@recovery.post("/recovery/confirm", dependencies=[Public], assurance=NONE)
async def confirm_recovery(body: VerifyCodeRequest, actor: CurrentActor, app: App) -> Envelope[RecoveryConfirmedResponse]:
    """Confirm a recovery request with the code from the mail. Nobody can decide on the request before that."""
    await app.recovery.confirm_recovery(actor=actor, verification_id=body.verification_id, code=body.code)
    return envelope(RecoveryConfirmedResponse())


@recovery.get("/recovery", dependencies=[Requires("user:update")], reads=SEARCH)
async def list_recovery_requests(
    actor: CurrentActor,
    paging: Paging,
    app: App,
    status: Annotated[RecoveryStatus | None, Query()] = None,
    confirmed: Annotated[bool | None, Query(description="Whether the request is confirmed by the code from the mail")] = None,
    reason: ReadReasonOfOthers = None,
) -> Envelope[PageOf[RecoveryResponse]]:
    """List recovery requests, newest first. Requires a reason, except for those that wait (`status=pending`)."""
    requests = await app.recovery.list_recovery_requests(
        actor=actor, status=status, page=paging, confirmed=confirmed, reason=reason
    )
    return page_of(requests, RecoveryResponse.of)


@recovery.post("/recovery/{request_id}/decision", dependencies=[Requires("user:update")], idempotency="steps", assurance=STRONG)
async def decide_recovery(
    request_id: UUID, body: DecideRecoveryRequest, actor: CurrentActor, app: App
) -> Envelope[RecoveryResponse]:
    """Decide on another user's confirmed request. Approval removes the user's second factors and ends all sessions.

    A request of an account that is not active can only be rejected.
    """
    request = await app.recovery.decide_recovery(actor=actor, request_id=request_id, approve=body.approve, reason=body.reason)
    return envelope(RecoveryResponse.of(request))
