"""A client of compliance's REST API that can also do the worker's part."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from chassis.persistence.database import Database
from chassis.testing.stored import unchanged
from chassis.testing.tokens import TokenForge
from compliance.application import Compliance
from compliance.domain.entry import AuditEntry
from kernel.ids import new_id


@dataclass
class Api:
    """By default, the client is an auditor who may also place blocks."""

    client: httpx.AsyncClient
    compliance: Compliance
    forge: TokenForge
    database: Database
    user_id: UUID = field(default_factory=new_id)

    async def call(
        self,
        method: str,
        path: str,
        *,
        roles: Sequence[str] = ("admin",),
        json: object = None,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        signed = self.forge.headers(self.user_id, roles=roles) if roles else {}
        return await self.client.request(
            method, f"/api/v1{path}", headers={**signed, **(headers or {})}, json=json, params=params
        )

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Send a request that must be refused and change no row. Return its status and error code."""
        async with unchanged(self.database):
            response = await self.call(method, path, **options)
        assert response.status_code >= 400, response.text
        return response.status_code, response.json()["code"]

    async def get(self, path: str, **params: Any) -> Any:
        """Return the data of a successful response."""
        response = await self.call("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    async def log(self, *entries: AuditEntry, sign: bool = True) -> None:
        await self.compliance.audit.append_facts(entries=entries)
        if sign:
            await self.sign_checkpoint()

    async def sign_checkpoint(self) -> None:
        await self.compliance.audit.sign_checkpoint()

    @property
    def key(self) -> str:
        """The log's verifier key."""
        return self.compliance.audit.get_log_key.key.text

    async def block(self, subject_id: UUID, reason: str = "sanctions match, case 2026-114") -> httpx.Response:
        return await self.call("POST", "/screening/blocks", json={"subject_id": str(subject_id), "reason": reason})
