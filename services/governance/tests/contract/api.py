"""A client of governance's REST API."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from chassis.persistence.database import Database
from chassis.policies import BundleRefresher
from chassis.testing.stored import unchanged
from chassis.testing.tokens import TokenForge
from governance.application import Governance
from kernel.ids import new_id
from services.governance.tests.fakes.subjects import FakeSubjects


@dataclass
class Api:
    """A client of the REST API. Its user is an administrator by default."""

    client: httpx.AsyncClient
    governance: Governance
    subjects: FakeSubjects
    forge: TokenForge
    refresher: BundleRefresher
    database: Database
    admin_id: UUID

    async def call(
        self,
        method: str,
        path: str,
        *,
        roles: tuple[str, ...] | None = ("admin",),
        headers: dict[str, str] | None = None,
        json: object = None,
        params: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """Call as the administrator with these roles, or without a token if `roles` is None."""
        signed = {} if roles is None else self.forge.headers(self.admin_id, roles=roles)
        return await self.client.request(
            method, f"/api/v1{path}", headers={**signed, **(headers or {})}, json=json, params=params
        )

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Send a request that must be refused and change no row. Return its status and error code."""
        async with unchanged(self.database):
            response = await self.call(method, path, **options)
        assert response.status_code >= 400, response.text
        return response.status_code, response.json()["code"]

    async def data(self, path: str, **params: Any) -> Any:
        """Return the data of a successful response."""
        response = await self.call("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def subject(self) -> UUID:
        subject_id = new_id()
        self.subjects.active.add(subject_id)
        return subject_id
