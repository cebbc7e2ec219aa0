"""Steps of tests about policies, over REST."""

from dataclasses import replace
from typing import Any, Final

import httpx

from chassis.policies import Policies
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from services.governance.tests.contract.access_api import done
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import assigned

OFFICE_HOURS: Final = {"permissions": ["payment:approve"], "starts": "09:00", "ends": "17:00", "roles": ["staff"]}
WHY: Final = "resolution 12"


async def colleague(api: Api) -> Api:
    """Return a client of another administrator."""
    other = new_id()
    await assigned(api.database, other)
    return replace(api, admin_id=other)


async def create(api: Api, name: str, template: str = "time-window", **parameters: Any) -> Any:
    body = {"name": name, "description": "for a test", "owner": "the desk", "template": template, "reason": WHY}
    return await done(await api.call("POST", "/policies", json={**body, "parameters": parameters or OFFICE_HOURS}))


async def create_in_cedar(api: Api, name: str, cedar: str) -> Any:
    body = {"name": name, "description": "for a test", "owner": "the desk", "cedar": cedar, "reason": WHY}
    return await done(await api.call("POST", "/policies", json=body))


async def ask_change(api: Api, *items: dict[str, Any], **rest: Any) -> httpx.Response:
    """Ask as clients do: with a key, so that the answer is stored with the change."""
    key = {"Idempotency-Key": str(new_id())}
    return await api.call("POST", "/policies/changes", json={"items": list(items), "reason": WHY, **rest}, headers=key)


async def approve(api: Api, change_id: str, *, etag: str | None = None) -> httpx.Response:
    """Approve a change as its report is now, or as of another ETag."""
    read = await api.call("GET", f"/policies/changes/{change_id}")
    assert read.status_code == 200, read.text
    seen = {"If-Match": etag or read.headers["etag"], "Idempotency-Key": str(new_id())}
    return await api.call("POST", f"/policies/changes/{change_id}/approve", json={}, headers=seen)


def put(policy: str, version: int = 1, mode: str = "enforced") -> dict[str, Any]:
    return {"policy": policy, "version": version, "mode": mode}


def off(policy: str) -> dict[str, Any]:
    return {"policy": policy, "mode": "off"}


async def in_force(api: Api, *items: dict[str, Any]) -> Any:
    """Ask for a change and have another administrator approve it; the services of this process apply it."""
    asked = await done(await ask_change(api, *items))
    approved = await done(await approve(await colleague(api), asked["id"]))
    assert await api.refresher.refresh()
    return approved


def allowed(policies: Policies, permission: str, *roles: str, **changes: Any) -> bool:
    """Decide in the engine of this process, for a person in a session."""
    actor = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset(roles), session_id=new_id(), **changes)
    return policies.allows(actor, permission)
