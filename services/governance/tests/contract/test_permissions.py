"""Permissions over REST."""

from services.governance.tests.contract.api import Api


async def test_permissions_are_listed(api: Api) -> None:
    items = (await api.call("GET", "/permissions")).json()["data"]["items"]

    assert len(items) == 23
    assert {"name": "treasury:issue", "description": "Issue money against the treasury", "category": "payments"} in items
    assert [item["category"] for item in items] == sorted(item["category"] for item in items)
