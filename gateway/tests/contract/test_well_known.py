"""What partners need to verify access tokens: the keys and the issuer's metadata, without a token or rate limit."""

from typing import Any

import jwt
import pytest

from gateway.upstream import Upstreams
from gateway.well_known import JWKS_PATH, PublicKeys

from .running_gateway import AWAY, Start
from .stub import Stub

KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256", "x": "x", "y": "y"}]}
LATER = {"keys": [*KEYS["keys"], {**KEYS["keys"][0], "kid": "2"}]}


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_keys_are_those_of_identity(gateway: Start, stub: Stub) -> None:
    stub.documents[JWKS_PATH] = KEYS
    running = await gateway(rate_limit_per_minute=1)
    for _ in range(3):
        status, headers, body = await running.call("GET", JWKS_PATH, token=False)
        assert (status, body, headers["Cache-Control"]) == (200, KEYS, "public, max-age=60")
    # Identity is asked once a minute, however many clients ask.
    assert [request.path for request in stub.arrived] == [JWKS_PATH]


async def test_keys_follow_a_rotation_and_stay_while_identity_is_away(stub: Stub) -> None:
    time = Time()
    async with Upstreams.open({"identity": stub.url}, connections_max=1) as upstreams:
        keys = PublicKeys(upstreams, elapsed=time)
        stub.documents[JWKS_PATH] = KEYS
        first = await keys.get()
        stub.documents[JWKS_PATH] = LATER
        time.now += 59
        assert await keys.get() is first
        time.now += 1
        second = await keys.get()
        assert (b'"2"' in first, b'"2"' in second) == (False, True)
        stub.documents_status = 503
        time.now += 60
        assert await keys.get() is second
        stub.documents_status = 200
        nonsense: list[object] = [{"keys": []}, [], "text", {}]
        for document in nonsense:
            stub.documents[JWKS_PATH] = document
            time.now += 5
            assert await keys.get() is second
        stub.documents[JWKS_PATH] = KEYS
        time.now += 5
        assert await keys.get() == first


async def test_without_identity_from_the_start_the_keys_are_unavailable(gateway: Start) -> None:
    running = await gateway(identity_url=AWAY)
    status, headers, body = await running.call("GET", JWKS_PATH, token=False)
    assert (status, body["code"], headers["Retry-After"]) == (503, "SRV_002", "2")
    assert headers["Cache-Control"] == "no-store"


async def test_the_metadata_name_the_issuer_and_the_keys(gateway: Start, stub: Stub) -> None:
    stub.documents[JWKS_PATH] = KEYS
    running = await gateway(public_url="https://api.example.na")
    status, headers, body = await running.call("GET", "/.well-known/oauth-authorization-server", token=False)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert body == {
        "issuer": "https://api.example.na",
        "jwks_uri": "https://api.example.na/.well-known/jwks.json",
        # There are no OAuth 2.0 grants and no OAuth 2.0 token endpoint.
        "response_types_supported": [],
        "grant_types_supported": [],
        "service_documentation": "https://api.example.na/docs",
    }
    for uri in (body["jwks_uri"], body["service_documentation"]):
        assert (await running.call("GET", uri.removeprefix("https://api.example.na"), token=False))[0] == 200


@pytest.mark.clause("RFC 8414 3.3")
async def test_a_client_finds_the_keys_by_the_issuer_that_a_token_names(gateway: Start, stub: Stub) -> None:
    running = await gateway(public_url="https://api.example.na")
    stub.documents[JWKS_PATH] = running.forge.jwks()
    token = running.forge.token(claims={"iss": "https://api.example.na"})

    async def get(url: str) -> Any:
        """Fetch the path of the public URL, as an ingress would forward it."""
        status, _, body = await running.call("GET", url.removeprefix("https://api.example.na"), token=False)
        return body if status == 200 else status

    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    found = await get(f"{issuer}/.well-known/oauth-authorization-server")
    assert found["issuer"] == issuer
    key = jwt.PyJWKSet.from_dict(await get(found["jwks_uri"]))[running.forge.kid]
    verified = jwt.decode(token, key, algorithms=["ES256"], issuer=issuer, audience="elcorp")
    # The gateway accepts this token, and no token of another issuer.
    status, _, _ = await running.call("GET", "/api/v1/wallets", token=False, headers={"Authorization": f"Bearer {token}"})
    assert (status, stub.arrived[-1].path, verified["iss"]) == (200, "/api/v1/wallets", "https://api.example.na")
    assert (await running.call("GET", "/api/v1/wallets"))[0] == 401


async def test_tokens_of_the_former_issuer_are_accepted_while_it_is_configured(gateway: Start) -> None:
    of_before = {"iss": "https://identity.elcorp.na"}
    for former, expected in ((of_before["iss"], 200), (None, 401), ("", 401)):
        running = await gateway(former_token_issuer=former)
        headers = running.forge.headers(claims=of_before)
        status, _, _ = await running.call("GET", "/api/v1/wallets", token=False, headers=headers)
        assert status == expected
        assert (await running.call("GET", "/api/v1/wallets"))[0] == 200


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/", "/.well-known/../docs"])
async def test_no_other_path_is_well_known(gateway: Start, path: str) -> None:
    running = await gateway()
    assert (await running.call("GET", path, token=False))[0] in {400, 404}


async def test_applications_find_the_decision_point(gateway: Start) -> None:
    running = await gateway(public_url="https://api.example.na")
    status, headers, body = await running.call("GET", "/.well-known/authzen-configuration", token=False)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert body == {
        "policy_decision_point": "https://api.example.na",
        "access_evaluation_endpoint": "https://api.example.na/access/v1/evaluation",
        "access_evaluations_endpoint": "https://api.example.na/access/v1/evaluations",
    }
