"""Identity's REST API as its clients use it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.identity.tests.people import CODE

PASSWORD = "Oshana-Sunrise-47!"
DETAILS = {
    "full_name": "Ndapewa Shikongo",
    "email": "ndapewa@example.na",
    "phone": "+264811234567",
    "password": PASSWORD,
    "agreed_terms": True,
}
# Requests in a test's setup are not checked by the witness: that would take a tenth of its time.
ARRANGING: ContextVar[bool] = ContextVar("arranging", default=False)


@dataclass
class Api:
    client: httpx.AsyncClient
    device_id: UUID = field(default_factory=uuid4)

    async def post(self, path: str, body: object = None, *, token: str | None = None, key: str | None = None) -> httpx.Response:
        headers = _headers(token) | ({"Idempotency-Key": key} if key else {})
        return await self.client.post(f"/api/v1{path}", json=body, headers=headers)

    async def get(self, path: str, *, token: str | None = None) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", headers=_headers(token))

    async def delete(self, path: str, *, token: str | None = None) -> httpx.Response:
        return await self.client.delete(f"/api/v1{path}", headers=_headers(token))

    async def patch(self, path: str, body: object, *, token: str | None = None) -> httpx.Response:
        return await self.client.patch(f"/api/v1{path}", json=body, headers=_headers(token))

    async def etag(self, user_id: str, *, token: str) -> str:
        """Return the ETag of a user; for an unknown user, one that matches no version."""
        tag: str = (await self.get(f"/users/{user_id}", token=token)).headers.get("etag", '"999"')
        return tag

    async def patch_another(self, path: str, body: object, *, token: str) -> httpx.Response:
        """Change another user below /users, under the version that was read."""
        headers = _headers(token) | {"If-Match": await self.etag(path.partition("/")[0], token=token)}
        return await self.client.patch(f"/api/v1/users/{path}", json=body, headers=headers)

    async def request_registration(self, **changes: Any) -> httpx.Response:
        return await self.post("/auth/register", {**DETAILS, **changes})

    async def register(self, **changes: Any) -> httpx.Response:
        """Register and confirm the code; the response to the code has the user's id and wallet address."""
        requested = await self.request_registration(**changes)
        if requested.status_code != httpx.codes.ACCEPTED:
            return requested
        return await self.verify(requested.json()["data"]["verification_id"])

    async def verify(self, verification_id: str, *, code: str = CODE, channel: str = "email") -> httpx.Response:
        return await self.post(f"/auth/verify-{channel}", {"verification_id": verification_id, "code": code})

    async def login(self, **changes: Any) -> httpx.Response:
        body = {"email": DETAILS["email"], "password": PASSWORD, "device_id": str(self.device_id), **changes}
        return await self.post("/auth/login", {name: value for name, value in body.items() if value is not None})

    async def refresh(self, token: str, *, proofs: Sequence[str] = (), **changes: Any) -> httpx.Response:
        body = {"refresh_token": token, "device_id": str(self.device_id), **changes}
        return await self.client.post("/api/v1/auth/refresh", json=body, headers=[("DPoP", proof) for proof in proofs])

    async def signed_in(self, **changes: Any) -> str:
        """Register, sign in and return the access token."""
        arranging = ARRANGING.set(True)
        await self.register(**changes)
        answer = await self.login(email=changes.get("email", DETAILS["email"]))
        ARRANGING.reset(arranging)
        token: str = answer.json()["data"]["access_token"]
        return token


@asynccontextmanager
async def at_address(api: Api, ip: str) -> AsyncIterator[Api]:
    """Make an API client at another address."""
    transport = api.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    other = httpx.ASGITransport(transport.app, raise_app_exceptions=False, client=(ip, 4711))
    async with httpx.AsyncClient(transport=other, base_url=api.client.base_url) as client:
        yield Api(client, device_id=api.device_id)


def _headers(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of an error, which must have a request id."""
    body = answer.json()
    assert body["request_id"]
    return answer.status_code, body["code"]


async def own_id(api: Api, token: str) -> str:
    user_id: str = (await api.get("/users/me", token=token)).json()["data"]["id"]
    return user_id
