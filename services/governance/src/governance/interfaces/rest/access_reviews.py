"""Routes for access reviews: campaigns in which managers confirm who has which role."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from chassis.files import CSV, XLSX, file_responses, media_type_of, written
from chassis.rest import (
    Authenticated,
    CurrentActor,
    CursorPageOf,
    CursorPaging,
    Envelope,
    PageOf,
    Paging,
    Public,
    ReadReason,
    Router,
    attachment,
    cursor_of,
    envelope,
    page_of,
)
from governance.application.access_reviews.views import LineFilter
from governance.domain.access_review import LineOutcome, ReviewStatus
from governance.interfaces.documents.review_lines_table import review_lines_table
from governance.interfaces.rest.dependencies import ROLE_PATTERN, App
from governance.interfaces.rest.schemas.access_reviews import (
    AccessReviewResponse,
    CancelAccessReviewRequest,
    DecidedLineResponse,
    DecideReviewLinesRequest,
    FollowedAccessReviewResponse,
    ReviewKeyResponse,
    ReviewLineResponse,
    ReviewReportResponse,
    StartAccessReviewRequest,
)
from kernel.assurance import RECENT
from kernel.reads import NOBODY, OTHERS, SEARCH

access_reviews = Router("/access/reviews", tags=["access"])
EXPORT_SECONDS_MAX: Final = 120.0


async def _filter(
    *,
    actor: CurrentActor,
    outcome: Annotated[LineOutcome | None, Query()] = None,
    role: Annotated[str | None, Query(pattern=ROLE_PATTERN, examples=["staff"])] = None,
    subject_id: Annotated[UUID | None, Query()] = None,
    mine: Annotated[bool, Query(description="Only lines that you can decide as a manager")] = False,
    unmanaged: Annotated[bool, Query(description="Only lines that have no manager, and await an administrator")] = False,
) -> LineFilter:
    return LineFilter(
        outcome=outcome,
        role=role,
        subject_id=subject_id,
        manager_id=actor.user_id if mine else None,
        is_unmanaged=unmanaged,
    )


LineQuery = Annotated[LineFilter, Depends(_filter)]


@access_reviews.get("", dependencies=[Authenticated], reads=NOBODY)
async def list_access_reviews(
    actor: CurrentActor,
    page: Paging,
    app: App,
    status: Annotated[ReviewStatus | None, Query()] = None,
    organization_id: Annotated[UUID | None, Query(description="The campaigns of this organization")] = None,
) -> Envelope[PageOf[FollowedAccessReviewResponse]]:
    """List access reviews, newest first: all with `role:manage` or `audit:view`.

    Otherwise those of organizations that you manage, and those that ask you as a manager, or did.
    """
    found = await app.access_reviews.list_access_reviews(actor=actor, page=page, status=status, organization_id=organization_id)
    return page_of(found, FollowedAccessReviewResponse.of_view)


@access_reviews.post("", status_code=201, dependencies=[Authenticated], assurance=RECENT)
async def start_access_review(body: StartAccessReviewRequest, actor: CurrentActor, app: App) -> Envelope[AccessReviewResponse]:
    """Start an access review: each role that a person has is a line, which the person's manager keeps or withdraws.

    What nobody has kept by the deadline is withdrawn. Requires `role:manage`, or, for an organization, that you manage it, and
    authority over everybody who is listed.
    """
    review = await app.access_reviews.start_access_review(
        actor=actor,
        title=body.title,
        organization_id=body.organization_id,
        roles=body.roles,
        reason=body.reason,
        deadline=body.deadline,
    )
    return envelope(AccessReviewResponse.of(review))


# Before "/{review_id}", which would match this path too.
@access_reviews.get("/keys", dependencies=[Public], reads=NOBODY)
async def list_review_keys(app: App) -> Envelope[list[ReviewKeyResponse]]:
    """List the public keys that verify the reports of access reviews, newest first."""
    return envelope([ReviewKeyResponse.of(key) for key in await app.access_reviews.list_review_keys()])


@access_reviews.get("/{review_id}", dependencies=[Authenticated], reads=NOBODY)
async def get_access_review(review_id: UUID, actor: CurrentActor, app: App) -> Envelope[FollowedAccessReviewResponse]:
    """Get an access review with its progress."""
    review = await app.access_reviews.get_access_review(actor=actor, review_id=review_id)
    return envelope(FollowedAccessReviewResponse.of_view(review))


@access_reviews.get("/{review_id}/lines", dependencies=[Authenticated], reads=OTHERS)
async def list_review_lines(
    review_id: UUID, actor: CurrentActor, cursor: CursorPaging, app: App, wanted: LineQuery
) -> Envelope[CursorPageOf[ReviewLineResponse]]:
    """List the lines of an access review in the order of their numbers. Managers see those that they can decide."""
    found = await app.access_reviews.list_review_lines(actor=actor, review_id=review_id, cursor=cursor, wanted=wanted)
    return cursor_of(found, ReviewLineResponse.of_view)


@access_reviews.get(
    "/{review_id}/lines/export",
    dependencies=[Authenticated],
    responses=file_responses(CSV, XLSX),
    reads=SEARCH,
    stream_seconds=EXPORT_SECONDS_MAX,
)
async def export_review_lines(
    *,
    review_id: UUID,
    actor: CurrentActor,
    app: App,
    wanted: LineQuery,
    reason: ReadReason,
    format: Annotated[Literal["csv", "xlsx"], Query()] = "csv",  # noqa: A002  # the parameter's name
) -> StreamingResponse:
    """Export the lines of an access review that match the filters. The export is recorded in the audit log with its reason."""
    batches = await app.access_reviews.export_review_lines(actor=actor, review_id=review_id, wanted=wanted, reason=reason)
    headers = {"content-disposition": attachment(f"access-review-{review_id}.{format}")}
    return StreamingResponse(written(review_lines_table(batches), format), media_type=media_type_of(format), headers=headers)


@access_reviews.post("/{review_id}/decisions", dependencies=[Authenticated], assurance=RECENT)
async def decide_review_lines(
    review_id: UUID, body: DecideReviewLinesRequest, actor: CurrentActor, app: App
) -> Envelope[list[DecidedLineResponse]]:
    """Keep or withdraw roles of people whose manager you are, or, as an administrator, of anybody but yourself.

    What is kept can be withdrawn until the review closes; what is withdrawn is revoked at once.
    """
    lines = await app.access_reviews.decide_review_lines(
        actor=actor, review_id=review_id, keep=body.keep, withdraw=body.withdraw, reason=body.reason
    )
    return envelope(DecidedLineResponse.of_all(lines))


@access_reviews.post("/{review_id}/cancel", dependencies=[Authenticated], assurance=RECENT)
async def cancel_access_review(
    review_id: UUID, body: CancelAccessReviewRequest, actor: CurrentActor, app: App
) -> Envelope[AccessReviewResponse]:
    """Cancel a running access review: what is open stays as it is, and what was withdrawn stays withdrawn.

    Only the person who started it can, or with `role:manage` a person with authority over everybody in it, and no open line.
    """
    review = await app.access_reviews.cancel_access_review(actor=actor, review_id=review_id, reason=body.reason)
    return envelope(AccessReviewResponse.of(review))


@access_reviews.get("/{review_id}/report", dependencies=[Authenticated], reads=OTHERS)
async def get_review_report(review_id: UUID, actor: CurrentActor, app: App) -> Envelope[ReviewReportResponse]:
    """Get the signed report of a completed access review. Its digest and signature are in the audit log too."""
    return envelope(ReviewReportResponse.of(await app.access_reviews.get_review_report(actor=actor, review_id=review_id)))
