"""A partner who receives an access token and knows nothing of the platform except the standards."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from journey import Person

from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e


async def fetch(client: httpx.AsyncClient, url: str) -> Any:
    response = await client.get(url)
    assert response.status_code == httpx.codes.OK
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


@pytest.mark.clause("RFC 8414 3.3")
async def test_a_partner_verifies_a_token_from_its_issuer_alone(platform: Platform, admin: Person) -> None:
    token = admin.access_token
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    assert issuer == platform.url
    async with httpx.AsyncClient(timeout=120) as client:
        # RFC 8414 section 3.1: the well-known path goes between the issuer's host and its path, which is empty.
        parts = urlsplit(issuer)
        metadata = await fetch(client, f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}")
        # Section 3.3: the two must be identical, or the metadata must not be used.
        assert metadata["issuer"] == issuer
        keys = jwt.PyJWKSet.from_dict(await fetch(client, metadata["jwks_uri"]))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], issuer=issuer, audience="elcorp")
    assert claims["sub"] == admin.user_id


async def test_the_gateway_and_every_service_accept_what_identity_issues(platform: Platform, admin: Person) -> None:
    headers = {"Authorization": f"Bearer {admin.access_token}"}
    reads = {"identity": "users/me", "payments": "wallets", "governance": "roles", "compliance": "audit/entries?reason=test"}
    async with httpx.AsyncClient(timeout=120, headers=headers) as client:
        for service, path in reads.items():
            for base in (platform.url, platform.service_url(service)):
                assert (await client.get(f"{base}/api/v1/{path}")).status_code == httpx.codes.OK
