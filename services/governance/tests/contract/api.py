"""A client of governance's REST API."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from chassis.policies import BundleKeeper
from chassis.testing.tokens import TokenForge
from governance.application import Governance
from kernel.ids import new_id
from services.governance.tests.fakes import FakeSubjects


@dataclass
class Api:
    """A client of the REST API, an administrator unless told otherwise."""

    client: httpx.AsyncClient
    governance: Governance
    subjects: FakeSubjects
    forge: TokenForge
    keeper: BundleKeeper
    admin_id: UUID

    async def call(
        self,
        method: str,
        path: str,
        *,
        roles: tuple[str, ...] = ("admin",),
        headers: dict[str, str] | None = None,
        json: object = None,
        params: dict[str, Any] | None = None,
    ) -> httpx.Response:
        signed = self.forge.headers(self.admin_id, roles=roles)
        return await self.client.request(
            method, f"/api/v1{path}", headers={**signed, **(headers or {})}, json=json, params=params
        )

    def subject(self) -> UUID:
        subject_id = new_id()
        self.subjects.active.add(subject_id)
        return subject_id
