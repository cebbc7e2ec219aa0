"""The public keys of access tokens, as verifiers read them."""

import jwt

from services.identity.tests.contract.api import Api


async def test_the_jwks_has_public_keys_that_anyone_may_cache(api: Api) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["access_token"]
    response = await api.client.get("/.well-known/jwks.json")
    keys = response.json()["keys"]
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert len(keys) == 2
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in keys)
    assert jwt.get_unverified_header(token)["kid"] in {key["kid"] for key in keys}
    key = next(jwt.PyJWK(key) for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"])
    assert jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience="elcorp",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
