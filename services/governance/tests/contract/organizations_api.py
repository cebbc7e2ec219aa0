"""Steps of tests about organizations, members and teams, over REST."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from kernel.ids import new_id
from services.governance.tests.contract.access_api import done
from services.governance.tests.contract.api import Api

WHY = "documents checked"


async def create_organization(api: Api, name: str = "Oshana Meat", **fields: Any) -> Any:
    body = {"kind": "merchant", "name": name, **fields}
    return await done(await api.call("POST", "/organizations", json=body))


async def add_member(api: Api, organization: object, subject: UUID, *roles: str, **fields: Any) -> Any:
    body = {"subject_id": str(subject), "roles": list(roles), "reason": WHY, **fields}
    return await done(await api.call("POST", f"/organizations/{organization}/members", json=body))


async def founded(api: Api, *members: UUID) -> tuple[str, str]:
    """Create an organization with these members and the administrator, who are a team too, and an invitation. Return both ids."""
    organization = (await create_organization(api, f"Organization {new_id()}"))["id"]
    api.subjects.active.add(api.admin_id)
    team = (await done(await api.call("POST", f"/organizations/{organization}/teams", json={"name": "Desk"})))["id"]
    for member in (api.admin_id, *members):
        await add_member(api, organization, member)
        await done(await api.call("PUT", f"/teams/{team}/members/{member}"))
    invitation = {"email": "ndapewa@example.na", "expires_at": "2026-03-28T08:00:00Z"}
    await done(await api.call("POST", f"/organizations/{organization}/invitations", json=invitation))
    return organization, team


@dataclass(frozen=True)
class Person:
    """A user with the default role, and their requests."""

    api: Api
    id: UUID

    async def call(self, method: str, path: str, *, acts_for: object = None, **options: Any) -> httpx.Response:
        claims = {"org": str(acts_for)} if acts_for else {}
        signed = self.api.forge.headers(self.id, roles=("user",), claims=claims)
        headers = {**signed, **options.pop("headers", {})}
        return await self.api.call(method, path, roles=None, headers=headers, **options)

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        headers = {**self.api.forge.headers(self.id, roles=("user",)), **options.pop("headers", {})}
        return await self.api.refused(method, path, roles=None, headers=headers, **options)

    async def data(self, path: str, **params: Any) -> Any:
        return await done(await self.call("GET", path, params=params))


def person(api: Api) -> Person:
    return Person(api, api.subject())
