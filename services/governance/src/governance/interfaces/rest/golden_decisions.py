"""Routes for golden decisions."""

from typing import Annotated

from fastapi import Path, Query, Response

from chassis.rest import (
    REASON,
    CurrentActor,
    Envelope,
    IfMatch,
    IfMatchOrNew,
    PageOf,
    Paging,
    Requires,
    Router,
    envelope,
    page_of,
    set_etag,
)
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, RULE_PATTERN, App
from governance.interfaces.rest.schemas.golden_decisions import (
    GoldenDecisionRemovedResponse,
    GoldenDecisionRequest,
    GoldenDecisionResponse,
)
from kernel.assurance import RECENT
from kernel.reads import NOBODY

golden_decisions = Router("/policies/golden-decisions", tags=["policies"])

GoldenName = Annotated[str, Path(pattern=RULE_PATTERN, examples=["customers-pay-small-amounts"])]


@golden_decisions.get("", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_golden_decisions(page: Paging, app: App) -> Envelope[PageOf[GoldenDecisionResponse]]:
    """List golden decisions, ordered by name: no change of policies may alter them."""
    return page_of(await app.golden_decisions.list_golden_decisions(page=page), GoldenDecisionResponse.of)


@golden_decisions.get("/{name}", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_golden_decision(name: GoldenName, app: App, response: Response) -> Envelope[GoldenDecisionResponse]:
    """Get a golden decision. Changing it requires its ETag in If-Match."""
    golden = await app.golden_decisions.get_golden_decision(name=name)
    set_etag(response, golden.version)
    return envelope(GoldenDecisionResponse.of(golden))


@golden_decisions.put("/{name}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def set_golden_decision(
    *, name: GoldenName, body: GoldenDecisionRequest, version: IfMatchOrNew, actor: CurrentActor, app: App, response: Response
) -> Envelope[GoldenDecisionResponse]:
    """Keep a decision as golden, or replace one with If-Match. It must be what the policies in force decide."""
    golden = await app.golden_decisions.set_golden_decision(
        actor=actor,
        name=name,
        question=body.question,
        description=body.description,
        is_allowed=body.is_allowed,
        version=version,
        reason=body.reason,
    )
    set_etag(response, golden.version)
    return envelope(GoldenDecisionResponse.of(golden))


@golden_decisions.delete("/{name}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def remove_golden_decision(
    *,
    name: GoldenName,
    version: IfMatch,
    actor: CurrentActor,
    app: App,
    reason: Annotated[str, Query(min_length=3, max_length=REASON_LENGTH_MAX, examples=["the desk is closed"]), REASON],
) -> Envelope[GoldenDecisionRemovedResponse]:
    """Remove a golden decision: changes of policies may alter it again."""
    await app.golden_decisions.remove_golden_decision(actor=actor, name=name, version=version, reason=reason)
    return envelope(GoldenDecisionRemovedResponse(name=name))
