"""Verifications of the whole ledger, for staff: long work."""

from uuid import UUID

from fastapi import Response

from chassis.rest import (
    EVENT_STREAM,
    STREAM_SECONDS_MAX,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    Events,
    Requires,
    Router,
    cursor_of,
    envelope,
)
from kernel.assurance import NONE
from kernel.reads import NOBODY
from payments.interfaces.rest.dependencies import App
from payments.interfaces.rest.schemas.ledger_verifications import LedgerVerificationResponse
from payments.interfaces.rest.schemas.transfers import ReasonRequest

ledger_verifications = Router(prefix="/ledger/verifications", tags=["ledger"], moves_money=True)


@ledger_verifications.post(
    "",
    status_code=202,
    dependencies=[Requires("payment:reconcile")],
    responses={200: {"model": Envelope[LedgerVerificationResponse], "description": "The verification that is open"}},
    assurance=NONE,
)
async def verify_ledger(actor: CurrentActor, app: App, response: Response) -> Envelope[LedgerVerificationResponse]:
    """Queue a verification of every account, posting, hold and transfer, while transfers continue.

    There is one at a time: while one is open, the response is that one, with 200.
    """
    work, is_new = await app.ledger_verifications.verify_ledger(actor=actor)
    response.status_code = 202 if is_new else 200
    response.headers["location"] = f"/api/v1/ledger/verifications/{work.id}"
    return envelope(LedgerVerificationResponse.of(work))


@ledger_verifications.get("", dependencies=[Requires("payment:reconcile")], reads=NOBODY)
async def list_ledger_verifications(cursor: CursorPaging, app: App) -> Envelope[CursorPageOf[LedgerVerificationResponse]]:
    """List the verifications of the ledger, newest first."""
    page = await app.ledger_verifications.list_ledger_verifications(cursor=cursor)
    return cursor_of(page, LedgerVerificationResponse.of)


@ledger_verifications.get("/{verification_id}", dependencies=[Requires("payment:reconcile")], reads=NOBODY)
async def get_ledger_verification(verification_id: UUID, app: App) -> Envelope[LedgerVerificationResponse]:
    """Get a verification's progress, or its result with the first rows that break each rule."""
    work = await app.ledger_verifications.get_ledger_verification(verification_id=verification_id)
    return envelope(LedgerVerificationResponse.of(work))


@ledger_verifications.get(
    "/{verification_id}/events",
    dependencies=[Requires("payment:reconcile")],
    responses=EVENT_STREAM,
    reads=NOBODY,
    stream_seconds=STREAM_SECONDS_MAX,
)
async def follow_ledger_verification(verification_id: UUID, events: Events, app: App) -> Response:
    """Follow a verification as server-sent events: `progress` after each change, `end` with the result.

    Reconnect to continue (`Last-Event-ID`). The stream ends when the caller's session ends.
    """
    events.require_place()
    followed = await app.ledger_verifications.follow_ledger_verification(verification_id=verification_id)
    return await events(followed, LedgerVerificationResponse.of)


@ledger_verifications.post("/{verification_id}/cancel", dependencies=[Requires("payment:reconcile")], assurance=NONE)
async def cancel_ledger_verification(
    verification_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App
) -> Envelope[LedgerVerificationResponse]:
    """Cancel a verification. One that runs stops at its next checkpoint."""
    work = await app.ledger_verifications.cancel_ledger_verification(
        actor=actor, verification_id=verification_id, reason=body.reason
    )
    return envelope(LedgerVerificationResponse.of(work))


@ledger_verifications.post("/{verification_id}/resume", dependencies=[Requires("payment:reconcile")], assurance=NONE)
async def resume_ledger_verification(
    verification_id: UUID, actor: CurrentActor, app: App
) -> Envelope[LedgerVerificationResponse]:
    """Queue a failed verification again. It continues after the accounts that it has checked."""
    work = await app.ledger_verifications.resume_ledger_verification(actor=actor, verification_id=verification_id)
    return envelope(LedgerVerificationResponse.of(work))
