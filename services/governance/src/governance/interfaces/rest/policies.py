"""Routes for policies."""

from typing import Annotated

from fastapi import Path, Query, Response

from chassis.rest import CurrentActor, Envelope, IfMatch, PageOf, Paging, Requires, Router, envelope, page_of, set_etag
from governance.domain.policy import VERSIONS_MAX, PolicyMode
from governance.interfaces.rest.dependencies import PERMISSION_PATTERN, RULE_PATTERN, App
from governance.interfaces.rest.schemas.policies import (
    AddPolicyVersionRequest,
    CreatePolicyRequest,
    DescribePolicyRequest,
    PolicyPreviewResponse,
    PolicyResponse,
    PolicyTemplateListResponse,
    PolicyTemplateResponse,
    PolicyVersionResponse,
    PolicyVocabularyResponse,
    PreviewPolicyRequest,
    ShadowReportResponse,
)
from kernel.assurance import NONE, RECENT
from kernel.errors import VersionRequired
from kernel.reads import NOBODY

policies = Router("/policies", tags=["policies"])

PolicyName = Annotated[str, Path(pattern=RULE_PATTERN, examples=["business-hours"])]


@policies.get("", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_policies(
    page: Paging,
    app: App,
    mode: Annotated[PolicyMode | None, Query(description="Only those off, in shadow, or enforced")] = None,
    permission: Annotated[
        str | None, Query(pattern=PERMISSION_PATTERN, description="Only those about a permission", examples=["payment:approve"])
    ] = None,
) -> Envelope[PageOf[PolicyResponse]]:
    """List policies, ordered by name. Each restricts what roles permit, while it is enforced."""
    return page_of(await app.policies.list_policies(page=page, mode=mode, permission=permission), PolicyResponse.of)


@policies.post("", status_code=201, dependencies=[Requires("policy:manage")], assurance=RECENT)
async def create_policy(body: CreatePolicyRequest, actor: CurrentActor, app: App, response: Response) -> Envelope[PolicyResponse]:
    """Create a policy from a template, or in Cedar. It is off until a change puts it in force, which another person approves."""
    policy = await app.policies.create_policy(
        actor=actor, name=body.name, description=body.description, owner=body.owner, draft=body.draft, reason=body.reason
    )
    set_etag(response, policy.revision)
    return envelope(PolicyResponse.of(policy))


@policies.get("/templates", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_policy_templates(app: App) -> Envelope[PolicyTemplateListResponse]:
    """List the templates of policies, with what each asks for."""
    templates = await app.policies.list_policy_templates()
    return envelope(PolicyTemplateListResponse(items=[PolicyTemplateResponse.of(each) for each in templates]))


@policies.get("/vocabulary", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_policy_vocabulary(app: App) -> Envelope[PolicyVocabularyResponse]:
    """Get what policies may read: the permissions, and what services tell about each of them."""
    return envelope(PolicyVocabularyResponse.of(await app.policies.get_policy_vocabulary()))


@policies.post("/preview", dependencies=[Requires("policy:manage")], assurance=NONE)
async def preview_policy(body: PreviewPolicyRequest, actor: CurrentActor, app: App) -> Envelope[PolicyPreviewResponse]:
    """Check a draft, and read it in English and in Cedar. Nothing is stored."""
    return envelope(PolicyPreviewResponse.of(await app.policies.preview_policy(actor=actor, draft=body.draft)))


@policies.get("/{name}", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_policy(name: PolicyName, app: App, response: Response) -> Envelope[PolicyResponse]:
    """Get a policy. Changing it requires its ETag in If-Match."""
    policy = await app.policies.get_policy(name=name)
    set_etag(response, policy.revision)
    return envelope(PolicyResponse.of(policy))


@policies.patch("/{name}", dependencies=[Requires("policy:manage")], assurance=RECENT)
async def describe_policy(
    *, name: PolicyName, body: DescribePolicyRequest, revision: IfMatch, actor: CurrentActor, app: App, response: Response
) -> Envelope[PolicyResponse]:
    """Change the description or the owner of a policy. Its versions never change."""
    if revision is None:
        raise VersionRequired(policy=name)
    policy = await app.policies.describe_policy(
        actor=actor, name=name, description=body.description, owner=body.owner, revision=revision
    )
    set_etag(response, policy.revision)
    return envelope(PolicyResponse.of(policy))


@policies.get("/{name}/versions", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_policy_versions(name: PolicyName, page: Paging, app: App) -> Envelope[PageOf[PolicyVersionResponse]]:
    """List the versions of a policy, newest first."""
    return page_of(await app.policies.list_policy_versions(name=name, page=page), PolicyVersionResponse.of)


@policies.post("/{name}/versions", status_code=201, dependencies=[Requires("policy:manage")], assurance=RECENT)
async def add_policy_version(
    *, name: PolicyName, body: AddPolicyVersionRequest, revision: IfMatch, actor: CurrentActor, app: App
) -> Envelope[PolicyVersionResponse]:
    """Write the next version of a policy. The version in force stays in force until a change is approved."""
    version = await app.policies.add_policy_version(
        actor=actor, name=name, draft=body.draft, revision=revision, reason=body.reason
    )
    return envelope(PolicyVersionResponse.of(version))


@policies.get("/{name}/versions/{number}", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_policy_version(
    name: PolicyName, number: Annotated[int, Path(ge=1, le=VERSIONS_MAX, examples=[1])], app: App
) -> Envelope[PolicyVersionResponse]:
    """Get a version of a policy, in English and in Cedar."""
    return envelope(PolicyVersionResponse.of(await app.policies.get_policy_version(name=name, number=number)))


@policies.get("/{name}/shadow-report", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_shadow_report(name: PolicyName, app: App) -> Envelope[ShadowReportResponse]:
    """Get what a policy in shadow mode would have denied since it is in that mode."""
    return envelope(ShadowReportResponse.of(await app.policies.get_shadow_report(name=name)))
