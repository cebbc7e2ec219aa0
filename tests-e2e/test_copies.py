"""Payments' copies of standings and roles have what identity and governance have."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from journey import Api, Person

from chassis.testing.running import eventually
from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
Holder = Callable[..., Awaitable[Person]]

_STANDINGS = """
    SELECT id, CASE status WHEN 'active' THEN 'active' WHEN 'suspended' THEN 'suspended' ELSE 'closed' END FROM users ORDER BY id
"""
_COPIED_STANDINGS = "SELECT user_id, standing FROM user_standings ORDER BY user_id"
_GRANTS = """
    SELECT subject_id, ARRAY(SELECT role FROM role_assignments a WHERE a.subject_id = h.subject_id ORDER BY role), version
    FROM role_holders h ORDER BY subject_id
"""
_COPIED_GRANTS = "SELECT user_id, roles, version FROM user_grants ORDER BY user_id"
_LIVE = "SELECT name FROM projections WHERE complete_as_of > clock_timestamp() - interval '3 seconds' ORDER BY name"


async def rows(platform: Platform, service: str, query: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(platform.database_url(service)) as connection:
        return await (await connection.execute(query.encode())).fetchall()


async def test_payments_knows_who_may_act_and_with_which_roles(
    platform: Platform, api: Api, admin: Person, holder: Holder
) -> None:
    active, suspended, deleted = await holder("Active"), await holder("Suspended"), await holder("Deleted")
    await api.data("POST", f"/users/{suspended.user_id}/suspend", by=admin, reason="reported as stolen")
    await api.call("DELETE", f"/users/{deleted.user_id}?reason=asked", by=admin, expect=204)
    await api.call(
        "POST", "/role-assignments", by=admin, expect=201, subject_id=active.user_id, role="staff", reason="joined the desk"
    )

    await eventually(lambda: rows(platform, "payments", _LIVE), [("grants",), ("standings",)])
    await eventually(lambda: same(platform, "identity", _STANDINGS, _COPIED_STANDINGS))
    await eventually(lambda: same(platform, "governance", _GRANTS, _COPIED_GRANTS))
    copied = {str(user_id): standing for user_id, standing in await rows(platform, "payments", _COPIED_STANDINGS)}
    assert [copied[each.user_id] for each in (active, suspended, deleted)] == ["active", "suspended", "closed"]
    roles = {str(user_id): held for user_id, held, _ in await rows(platform, "payments", _COPIED_GRANTS)}
    assert roles[active.user_id] == ["staff", "user"]


async def same(platform: Platform, producer: str, produced: str, copied: str) -> bool:
    found = await rows(platform, producer, produced)
    return bool(found) and found == await rows(platform, "payments", copied)
