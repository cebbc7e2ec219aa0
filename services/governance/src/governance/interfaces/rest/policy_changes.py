"""Routes for changes of the policies in force."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.rest import CurrentActor, Envelope, IfMatch, PageOf, Paging, Requires, Router, envelope, page_of, set_etag
from governance.domain.policy_change import PolicyChangeStatus
from governance.interfaces.rest.dependencies import RULE_PATTERN, App
from governance.interfaces.rest.schemas.policy_changes import (
    ApprovePolicyChangeRequest,
    AskPolicyChangeRequest,
    EndPolicyChangeRequest,
    PolicyChangeResponse,
    PolicyReportResponse,
    PreviewPolicyChangeRequest,
)
from kernel.assurance import NONE, RECENT
from kernel.errors import VersionRequired
from kernel.reads import NOBODY

policy_changes = Router("/policies/changes", tags=["policies"])


@policy_changes.get("", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_policy_changes(
    page: Paging,
    app: App,
    status: Annotated[PolicyChangeStatus | None, Query()] = None,
    policy: Annotated[str | None, Query(pattern=RULE_PATTERN, examples=["business-hours"])] = None,
) -> Envelope[PageOf[PolicyChangeResponse]]:
    """List changes, newest first, each with the report of when it was asked for or decided."""
    return page_of(await app.policy_changes.list_policy_changes(page=page, status=status, policy=policy), PolicyChangeResponse.of)


@policy_changes.post("", status_code=201, dependencies=[Requires("policy:manage")], assurance=RECENT)
async def ask_policy_change(body: AskPolicyChangeRequest, actor: CurrentActor, app: App) -> Envelope[PolicyChangeResponse]:
    """Ask that policies be enforced, shadowed or ended, or be as in an earlier bundle. Another person approves it."""
    change = await app.policy_changes.ask_policy_change(
        actor=actor, items=[each.item for each in body.items], as_in_bundle=body.as_in_bundle, reason=body.reason
    )
    return envelope(PolicyChangeResponse.of(change))


@policy_changes.post("/preview", dependencies=[Requires("policy:manage")], assurance=NONE)
async def preview_policy_change(
    body: PreviewPolicyChangeRequest, actor: CurrentActor, app: App
) -> Envelope[PolicyReportResponse]:
    """See who would lose and gain what, and which recorded decisions would have been otherwise. Nothing is stored."""
    report = await app.policy_changes.preview_policy_change(actor=actor, items=[each.item for each in body.items])
    return envelope(PolicyReportResponse.of(report))


@policy_changes.get("/{change_id}", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_policy_change(change_id: UUID, actor: CurrentActor, app: App, response: Response) -> Envelope[PolicyChangeResponse]:
    """Get a change. While it waits, its report is made from the present policies; approving it requires its ETag in If-Match."""
    change = await app.policy_changes.get_policy_change(actor=actor, change_id=change_id)
    shown = PolicyChangeResponse.of(change)
    set_etag(response, shown.report.bundle_version)
    return envelope(shown)


@policy_changes.post("/{change_id}/approve", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def approve_policy_change(
    *, change_id: UUID, body: ApprovePolicyChangeRequest, bundle_version: IfMatch, actor: CurrentActor, app: App
) -> Envelope[PolicyChangeResponse]:
    """Approve a change that another person asked for and wrote. Every service applies it within a second."""
    if bundle_version is None:
        raise VersionRequired(change_id=change_id)
    change = await app.policy_changes.approve_policy_change(
        actor=actor, change_id=change_id, bundle_version=bundle_version, reason=body.reason
    )
    return envelope(PolicyChangeResponse.of(change))


@policy_changes.post("/{change_id}/end", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def end_policy_change(
    change_id: UUID, body: EndPolicyChangeRequest, actor: CurrentActor, app: App
) -> Envelope[PolicyChangeResponse]:
    """Reject a change that waits, or withdraw your own."""
    change = await app.policy_changes.end_policy_change(actor=actor, change_id=change_id, reason=body.reason)
    return envelope(PolicyChangeResponse.of(change))
