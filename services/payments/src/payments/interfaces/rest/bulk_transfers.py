"""Bulk transfers: a file of transfers, run as a job."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from chassis.rest import (
    EVENT_STREAM,
    STREAM_SECONDS_MAX,
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    Events,
    IdempotencyKey,
    Router,
    Takes,
    UploadedFile,
    cursor_of,
    envelope,
    file_response,
    mark_replayed,
)
from kernel.assurance import NONE, STRONG
from kernel.reads import OTHERS, OWN
from payments.application.bulk_transfers.views import BulkView
from payments.domain.bulk import LineStatus
from payments.interfaces.rest.dependencies import APPROVES, PAYS, App, PayingOrganization
from payments.interfaces.rest.dry_run import DRY_RUN_OF_FILE, rehearsed
from payments.interfaces.rest.schemas.bulk_rehearsal import BulkRehearsalResponse
from payments.interfaces.rest.schemas.bulk_transfers import BODY, EXTENSIONS, FILE_RESPONSES, BulkLineResponse, BulkResponse, Mode
from payments.interfaces.rest.schemas.signatures import PayloadSignature, signature_of
from payments.interfaces.rest.schemas.transfers import ReasonRequest

bulk_transfers = Router(prefix="/transfers/bulk", tags=["bulk transfers"], moves_money=True)

# 10,000 lines of XML of about 700 bytes each.
FILE_BYTES_MAX: Final = 8 * 1_048_576
# Eight mebibytes at 16 KiB/s, and some more.
FILE_SECONDS_MAX: Final = 900.0
_BESIDE: Final = "Required if the file does not contain it"


@bulk_transfers.post(
    "",
    status_code=202,
    dependencies=[PAYS],
    idempotency="own",
    openapi_extra=BODY,
    takes=Takes(media_types=tuple(EXTENSIONS), bytes_max=FILE_BYTES_MAX),
    seconds=9.0,
    response_model=Envelope[BulkResponse],
    responses=DRY_RUN_OF_FILE,
    assurance=NONE,
)
async def submit_bulk(  # each is of the query string or a header
    upload: UploadedFile,
    key: IdempotencyKey,
    actor: CurrentActor,
    app: App,
    response: Response,
    mode: Annotated[Mode | None, Query(description=_BESIDE)] = None,
    source_wallet_id: Annotated[UUID | None, Query(description=_BESIDE)] = None,
    currency: Annotated[str | None, Query(pattern=r"^[A-Z]{3}$", description=_BESIDE)] = None,
    dry_run: Annotated[bool, Query(description="Return the result with 200, write nothing; JSON files may set it too")] = False,
    signature: PayloadSignature = None,
) -> Envelope[BulkResponse] | Response:
    """Submit up to 10,000 transfers from one wallet as JSON, CSV or ISO 20022 pain.001, to run immediately.

    A file with an invalid line is refused as a whole, with each fault and its line. A file that matches an approval rule
    waits for a decision (`pending_approval`). `all_or_nothing` settles all lines or none; `best_effort` settles each line that
    it can. If the payer loses the right to pay, the remaining lines are refused.
    """
    submission = await app.bulk_transfers.read_submission(
        key=key,
        upload=upload,
        source=str(source_wallet_id) if source_wallet_id else "",
        currency=currency or "",
        mode=mode or "",
        dry_run=dry_run,
        signature=signature_of(signature),
    )
    if submission.is_dry_run:
        return rehearsed(BulkRehearsalResponse.of(await app.bulk_transfers.rehearse_bulk(actor=actor, submission=submission)))
    accepted = await app.bulk_transfers.submit_bulk(actor=actor, submission=submission)
    if accepted.replayed:
        mark_replayed(response)
    response.headers["location"] = f"/api/v1/transfers/bulk/{accepted.bulk.id}"
    return envelope(BulkResponse.of(BulkView.of(accepted.bulk)))


@bulk_transfers.get("", dependencies=[Authenticated], reads=OWN)
async def list_bulks(actor: CurrentActor, cursor: CursorPaging, app: App) -> Envelope[CursorPageOf[BulkResponse]]:
    """List the caller's bulk transfers, newest first."""
    return cursor_of(await app.bulk_transfers.list_bulks(actor=actor, cursor=cursor), BulkResponse.of)


@bulk_transfers.get("/awaiting-approval", dependencies=[APPROVES], reads=OTHERS)
async def list_bulks_awaiting_approval(
    actor: CurrentActor, cursor: CursorPaging, app: App, organization_id: PayingOrganization = None
) -> Envelope[CursorPageOf[BulkResponse]]:
    """List all users' bulk transfers that await approval, newest first, or those that an organization pays."""
    page = await app.bulk_transfers.list_bulks_awaiting_approval(actor=actor, cursor=cursor, organization_id=organization_id)
    return cursor_of(page, BulkResponse.of)


@bulk_transfers.get(
    "/{bulk_id}/file",
    dependencies=[Authenticated],
    response_class=StreamingResponse,
    responses=FILE_RESPONSES,
    reads=OTHERS,
    stream_seconds=FILE_SECONDS_MAX,
)
async def get_bulk_file(request: Request, bulk_id: UUID, actor: CurrentActor, app: App) -> Response:
    """Get the file of a bulk transfer exactly as it was submitted, or the range of it that `Range` names.

    `ETag` is the SHA-256 of its bytes. Bulk transfers that were submitted before files were kept have none (`RES_001`).
    """
    readable = await app.bulk_transfers.get_bulk_file(actor=actor, bulk_id=bulk_id)
    name = readable.file.name or f"bulk-{bulk_id}{EXTENSIONS[readable.file.media_type]}"
    return await file_response(request, readable, name=name)


@bulk_transfers.get("/{bulk_id}", dependencies=[Authenticated], reads=OTHERS)
async def get_bulk(bulk_id: UUID, actor: CurrentActor, app: App) -> Envelope[BulkResponse]:
    """Get a bulk transfer's status, counts and speed."""
    return envelope(BulkResponse.of(await app.bulk_transfers.get_bulk(actor=actor, bulk_id=bulk_id)))


@bulk_transfers.get("/{bulk_id}/lines", dependencies=[Authenticated], reads=OTHERS)
async def list_bulk_lines(
    bulk_id: UUID,
    actor: CurrentActor,
    cursor: CursorPaging,
    app: App,
    status: Annotated[list[LineStatus], Query(max_length=5)] = [],  # noqa: B006  # FastAPI copies it
) -> Envelope[CursorPageOf[BulkLineResponse]]:
    """List the lines of a bulk transfer with their outcomes."""
    page = await app.bulk_transfers.list_bulk_lines(actor=actor, bulk_id=bulk_id, cursor=cursor, statuses=status)
    return cursor_of(page, BulkLineResponse.of)


@bulk_transfers.get(
    "/{bulk_id}/events",
    dependencies=[Authenticated],
    responses=EVENT_STREAM,
    reads=OTHERS,
    stream_seconds=STREAM_SECONDS_MAX,
)
async def follow_bulk(bulk_id: UUID, actor: CurrentActor, events: Events, app: App) -> Response:
    """Follow a bulk transfer as server-sent events: `progress` after each change, `end` with the result.

    Reconnect to continue (`Last-Event-ID`). The stream ends when the caller's session ends.
    """
    events.require_place()
    return await events(await app.bulk_transfers.follow_bulk(actor=actor, bulk_id=bulk_id), BulkResponse.of)


@bulk_transfers.post("/{bulk_id}/approve", dependencies=[APPROVES], idempotency="steps", assurance=STRONG)
async def approve_bulk(bulk_id: UUID, actor: CurrentActor, app: App) -> Envelope[BulkResponse]:
    """Approve a waiting bulk transfer, so that it runs. Nobody may approve a file that they submitted or that pays them."""
    return envelope(BulkResponse.of(BulkView.of(await app.bulk_transfers.approve_bulk(actor=actor, bulk_id=bulk_id))))


@bulk_transfers.post("/{bulk_id}/reject", dependencies=[APPROVES], idempotency="steps", assurance=STRONG)
async def reject_bulk(bulk_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App) -> Envelope[BulkResponse]:
    """Reject a waiting bulk transfer: no line runs. Nobody may decide on a file that they submitted or that pays them."""
    bulk = await app.bulk_transfers.reject_bulk(actor=actor, bulk_id=bulk_id, reason=body.reason)
    return envelope(BulkResponse.of(BulkView.of(bulk)))


@bulk_transfers.post("/{bulk_id}/cancel", dependencies=[PAYS], assurance=NONE)
async def cancel_bulk(bulk_id: UUID, body: ReasonRequest, actor: CurrentActor, app: App) -> Envelope[BulkResponse]:
    """Stop a bulk transfer. Settled lines stay settled, and the lines in progress finish."""
    bulk = await app.bulk_transfers.cancel_bulk(actor=actor, bulk_id=bulk_id, reason=body.reason)
    return envelope(BulkResponse.of(BulkView.of(bulk)))
