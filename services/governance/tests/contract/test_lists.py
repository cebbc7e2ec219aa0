"""Every list of governance keeps what all lists promise."""

from typing import Final

import httpx

from chassis.testing.list_promises import ListPromises
from governance.interfaces.rest import ROUTERS
from services.governance.tests.contract.access_api import ask_exception, set_separation
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import founded
from services.governance.tests.contract.policies_api import OFFICE_HOURS, ask_change, create, put
from services.governance.tests.contract.reviews_api import start

PATHS: Final = {
    "list_role_assignments": "/role-assignments?role=staff&reason=audit",
    "list_approval_rules": "/policies/approval-rules",
    "list_policies": "/policies",
    "list_policy_versions": "/policies/desk-hours/versions",
    "list_policy_changes": "/policies/changes",
    "list_golden_decisions": "/policies/golden-decisions",
    "list_policy_bundles": "/policies/bundles",
    "list_organizations": "/organizations?kind=merchant",
    "list_members": "/organizations/{organization}/members",
    "list_invitations": "/organizations/{organization}/invitations",
    "list_teams": "/organizations/{organization}/teams",
    "list_own_teams": "/teams",
    "list_team_members": "/teams/{team}/members",
    "list_separations": "/access/separations",
    "list_separation_exceptions": "/access/separation-exceptions?separation=view-and-approve&reason=audit",
    "list_duty_conflicts": "/access/separations/view-and-approve/conflicts?reason=audit",
    "list_access_reviews": "/access/reviews?status=running",
    "list_review_lines": "/access/reviews/{review}/lines?outcome=open",
    "list_who_can": "/access/who-can?permission=audit:view&reason=audit",
}


async def test_every_list_keeps_its_promises(api: Api) -> None:
    for number in range(3):
        await api.call("POST", "/role-assignments", json={"subject_id": str(api.subject()), "role": "staff"})
        rule = {"currency": "NAD", "threshold": "1000.00", "reason": "resolution 12"}
        await api.call("PUT", f"/policies/approval-rules/rule-{number}", json=rule)

    await create(api, "desk-hours")
    for _ in range(2):
        body = {"template": "time-window", "parameters": OFFICE_HOURS, "reason": "resolution 12"}
        await api.call("POST", "/policies/desk-hours/versions", json=body)
        await ask_change(api, put("desk-hours"))
    for name in ("view-and-approve", "pay-and-reconcile"):
        await set_separation(api, name)
    for _ in range(2):
        await ask_exception(api, "view-and-approve", api.subject())

    organization, team = await founded(api)

    review = (await start(api, roles=["staff"]))["id"]

    paths = {name: path.format(organization=organization, team=team, review=review) for name, path in PATHS.items()}

    async def ask(path: str) -> httpx.Response:
        return await api.call("GET", path)

    assert await ListPromises(ask, paths).broken(ROUTERS) == []
