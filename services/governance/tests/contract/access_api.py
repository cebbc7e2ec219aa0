"""Steps of tests about access: separations, exceptions, roles and limited assignments, over REST."""

from typing import Any
from uuid import UUID

import httpx

from services.governance.tests.contract.api import Api

VIEW_AND_APPROVE = {"first": "audit:view", "second": "payment:approve", "exempt_roles": ["admin"], "reason": "finding 7"}


async def done(response: httpx.Response) -> Any:
    assert response.status_code < 300, response.text
    return response.json()["data"]


async def set_separation(api: Api, name: str = "view-and-approve", **duties: Any) -> Any:
    return await done(await api.call("PUT", f"/access/separations/{name}", json={**VIEW_AND_APPROVE, **duties}))


async def ask_exception(api: Api, separation: str, subject: UUID, expires_at: str = "2026-06-30T22:00:00Z") -> Any:
    body = {"separation": separation, "subject_id": str(subject), "expires_at": expires_at, "reason": "leave of a colleague"}
    return await done(await api.call("POST", "/access/separation-exceptions", json=body))


async def create_role(api: Api, name: str, *permissions: str, includes: tuple[str, ...] = ()) -> Any:
    body = {"name": name, "title": name.title(), "permissions": list(permissions), "includes": list(includes)}
    return await done(await api.call("POST", "/roles", json=body))


async def grant(api: Api, subject: UUID, role: str, **limits: Any) -> Any:
    body = {"subject_id": str(subject), "role": role, **{name: str(limit) for name, limit in limits.items()}}
    return await done(await api.call("POST", "/role-assignments", json=body))
