"""Every list of governance keeps what all lists promise."""

from typing import Final

import httpx

from chassis.testing.list_promises import ListPromises
from governance.interfaces.rest import ROUTERS
from services.governance.tests.contract.api import Api

PATHS: Final = {
    "list_role_assignments": "/role-assignments?role=staff&reason=audit",
    "list_approval_rules": "/policies/approval-rules",
    "list_policy_bundles": "/policies",
}


async def test_every_list_keeps_its_promises(api: Api) -> None:
    for number in range(3):
        await api.call("POST", "/role-assignments", json={"subject_id": str(api.subject()), "role": "staff"})
        rule = {"currency": "NAD", "threshold": "1000.00", "reason": "resolution 12"}
        await api.call("PUT", f"/policies/approval-rules/rule-{number}", json=rule)

    async def ask(path: str) -> httpx.Response:
        return await api.call("GET", path)

    assert await ListPromises(ask, PATHS).broken(ROUTERS) == []
