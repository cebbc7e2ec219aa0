"""Routes for policy bundles."""

from typing import Annotated, Final

from fastapi import Path, Response

from chassis.rest import Envelope, PageOf, Paging, Requires, Router, envelope, page_of, set_etag
from governance.interfaces.rest.dependencies import App
from governance.interfaces.rest.schemas.policy_bundles import PolicyBundleResponse, PolicyBundleTextResponse
from kernel.reads import NOBODY

policy_bundles = Router("/policies/bundles", tags=["policies"])

BUNDLE_VERSION_MAX: Final = 2**53


@policy_bundles.get("", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def list_policy_bundles(page: Paging, app: App) -> Envelope[PageOf[PolicyBundleResponse]]:
    """List all published policy bundles, newest first."""
    return page_of(await app.policy_bundles.list_policy_bundles(page=page), PolicyBundleResponse.of)


@policy_bundles.get("/current", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_current_policies(app: App, response: Response) -> Envelope[PolicyBundleTextResponse]:
    """Get the policies in force, as Cedar text: roles, approval rules and policies, as every service evaluates them."""
    text = await app.policy_bundles.get_current_policies()
    set_etag(response, text.bundle.version)
    return envelope(PolicyBundleTextResponse.of_text(text))


@policy_bundles.get("/{version}", dependencies=[Requires("policy:manage")], reads=NOBODY)
async def get_policy_bundle(
    version: Annotated[int, Path(ge=1, le=BUNDLE_VERSION_MAX, examples=[3])], app: App
) -> Envelope[PolicyBundleTextResponse]:
    """Get a bundle that was published, with the policies that it had in force. A change can put them in force again."""
    return envelope(PolicyBundleTextResponse.of_text(await app.policy_bundles.get_policy_bundle(version=version)))
