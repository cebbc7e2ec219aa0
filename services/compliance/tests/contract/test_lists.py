"""Every list of compliance keeps what all lists promise."""

from typing import Final

import httpx
import pytest

from chassis.testing.list_promises import ListPromises
from compliance.interfaces.rest import ROUTERS
from kernel.ids import new_id
from services.compliance.tests.contract.api import Api
from services.compliance.tests.decisions import decision
from services.compliance.tests.entries import entries

PATHS: Final = {
    "list_audit_entries": "/audit/entries?producer=payments&sort=sequence&reason=audit",
    "list_missing_facts": "/audit/missing-facts?producer=payments&status=open",
    "list_policy_decisions": "/audit/decisions?allowed=false&policy=office-hours&from=2026-01-01T00:00:00Z&reason=audit",
    "list_screening_blocks": "/screening/blocks?standing=true&reason=audit",
}


@pytest.mark.usefixtures("journals")
async def test_every_list_keeps_its_promises(api: Api) -> None:
    await api.log(*entries(3))
    await api.compliance.decisions.record_decisions(decisions=[decision() for _ in range(3)])
    for _ in range(3):
        await api.block(new_id())

    async def ask(path: str) -> httpx.Response:
        return await api.call("GET", path)

    assert await ListPromises(ask, PATHS).broken(ROUTERS) == []
