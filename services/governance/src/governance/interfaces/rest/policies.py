"""Routes for policy bundles."""

from fastapi import Response

from chassis.rest import Envelope, PageOf, Paging, Requires, Router, envelope, page_of, set_etag
from governance.interfaces.rest.dependencies import App
from governance.interfaces.rest.schemas.policies import CurrentPoliciesResponse, PolicyBundleResponse
from kernel.reads import NOBODY

policies = Router("/policies", tags=["policies"])


@policies.get("", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_policy_bundles(page: Paging, app: App) -> Envelope[PageOf[PolicyBundleResponse]]:
    """List all published policy bundles, newest first."""
    return page_of(await app.policies.list_policy_bundles(page=page), PolicyBundleResponse.of)


@policies.get("/current", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_current_policies(app: App, response: Response) -> Envelope[CurrentPoliciesResponse]:
    """Get the policies in force, as Cedar text."""
    text = await app.policies.get_current_policies()
    set_etag(response, text.bundle.version)
    return envelope(CurrentPoliciesResponse.of_text(text))
