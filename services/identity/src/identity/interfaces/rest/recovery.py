"""Recovering an account: a lost second factor, a stolen e-mail address."""

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
    """Restore the former address with the link sent to it and a password from before the change; all sessions end.

    The password is retired: choose the next one by a reset at the restored address. Passkeys and device keys that were added
    since 72 hours before the change are removed. Scheduled transfers stay: check them, and cancel those that are not yours.
    """
    await app.recovery.undo_email_change(actor=actor, token=body.token, password=body.password)
    return envelope(EmailChangeUndoneResponse())


@recovery.post("/recovery", status_code=202, dependencies=[Public], assurance=NONE)
async def ask_recovery(body: AskRecoveryRequest, actor: CurrentActor, app: App) -> Envelope[RecoveryAskedResponse]:
    """Ask to do without a lost second factor, by the challenge of a sign-in. A code is sent to the account's e-mail address.

    Confirm the request with it; another person then decides, within a week. `/auth/verify-email/resend` sends another code. A
    sign-in or step-up with a second factor of the account ends the request.
    """
    return envelope(
        RecoveryAskedResponse.of(await app.recovery.ask_recovery(actor=actor, challenge=body.challenge, reason=body.reason))
    )


@recovery.post("/recovery/confirm", dependencies=[Public], assurance=NONE)
async def confirm_recovery(body: VerifyCodeRequest, actor: CurrentActor, app: App) -> Envelope[RecoveryConfirmedResponse]:
    """Confirm a request for recovery with the code from the mail. Nobody can decide on it before."""
    await app.recovery.confirm_recovery(actor=actor, verification_id=body.verification_id, code=body.code)
    return envelope(RecoveryConfirmedResponse())


@recovery.get("/recovery", dependencies=[Requires("user:update")], reads=SEARCH)
async def list_recovery_requests(
    actor: CurrentActor,
    paging: Paging,
    app: App,
    status: Annotated[RecoveryStatus | None, Query()] = None,
    confirmed: Annotated[bool | None, Query(description="Whether the account's mailbox has confirmed it")] = None,
    reason: ReadReasonOfOthers = None,
) -> Envelope[PageOf[RecoveryResponse]]:
    """List requests for recovery, newest first. Those that wait (`status=pending`) are listed without a reason."""
    requests = await app.recovery.list_recovery_requests(
        actor=actor, status=status, page=paging, confirmed=confirmed, reason=reason
    )
    return page_of(requests, RecoveryResponse.of)


@recovery.post("/recovery/{request_id}/decision", dependencies=[Requires("user:update")], assurance=STRONG)
async def decide_recovery(
    request_id: UUID, body: DecideRecoveryRequest, actor: CurrentActor, app: App
) -> Envelope[RecoveryResponse]:
    """Decide on another's confirmed request. Approved, the user's second factors are removed and all sessions end.

    A request of an account that is not active can only be rejected.
    """
    request = await app.recovery.decide_recovery(actor=actor, request_id=request_id, approve=body.approve, reason=body.reason)
    return envelope(RecoveryResponse.of(request))
