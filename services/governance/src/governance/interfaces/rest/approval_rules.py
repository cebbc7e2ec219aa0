"""Routes for approval rules."""

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
from governance.domain.approval_rule import ApprovalTerms
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, RULE_PATTERN, App
from governance.interfaces.rest.schemas.approval_rules import ApprovalRuleRequest, ApprovalRuleResponse
from kernel.assurance import RECENT
from kernel.reads import NOBODY

approval_rules = Router("/policies/approval-rules", tags=["policies"])

RuleName = Annotated[str, Path(pattern=RULE_PATTERN, examples=["large-payments"])]


@approval_rules.get("", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_approval_rules(page: Paging, app: App) -> Envelope[PageOf[ApprovalRuleResponse]]:
    """List the approval rules in force, ordered by name."""
    return page_of(await app.approval_rules.list_approval_rules(page=page), ApprovalRuleResponse.of)


@approval_rules.get("/{name}", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_approval_rule(name: RuleName, app: App, response: Response) -> Envelope[ApprovalRuleResponse]:
    """Get an approval rule, including a withdrawn one. Changing it requires its ETag in If-Match."""
    rule = await app.approval_rules.get_approval_rule(name=name)
    set_etag(response, rule.version)
    return envelope(ApprovalRuleResponse.of(rule))


@approval_rules.put("/{name}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def set_approval_rule(
    *, name: RuleName, body: ApprovalRuleRequest, version: IfMatchOrNew, actor: CurrentActor, app: App, response: Response
) -> Envelope[ApprovalRuleResponse]:
    """Create an approval rule, or replace one with If-Match. Payments applies it within seconds."""
    rule = await app.approval_rules.set_approval_rule(
        actor=actor,
        name=name,
        terms=ApprovalTerms(
            currency=body.currency,
            threshold=body.decimal_threshold,
            kinds=tuple(body.kinds),
            role=body.role,
            counterparty=body.counterparty,
            window=body.parsed_window,
            description=body.description,
        ),
        version=version,
        reason=body.reason,
    )
    set_etag(response, rule.version)
    return envelope(ApprovalRuleResponse.of(rule))


@approval_rules.delete("/{name}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def withdraw_approval_rule(
    *,
    name: RuleName,
    version: IfMatch,
    actor: CurrentActor,
    app: App,
    reason: Annotated[str, Query(min_length=3, max_length=REASON_LENGTH_MAX, examples=["the desk is closed"]), REASON],
) -> Envelope[ApprovalRuleResponse]:
    """Withdraw an approval rule. The rule stays readable; withdrawing it again changes nothing."""
    rule = await app.approval_rules.withdraw_approval_rule(actor=actor, name=name, version=version, reason=reason)
    return envelope(ApprovalRuleResponse.of(rule))
