"""Forged tokens (RFC 8725): the gateway refuses each, and no service receives the request."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.testing.tokens import TokenForge

from .running_gateway import Start
from .stub import Stub

Forging = Callable[[TokenForge, TokenForge], str]


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def unsigned(ours: TokenForge, _: TokenForge) -> str:
    return f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': ours.kid})}.{ours.token(roles=['admin']).split('.')[1]}."


def signed_with_the_public_key(ours: TokenForge, _: TokenForge) -> str:
    content = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': ours.kid})}.{ours.token(roles=['admin']).split('.')[1]}"
    secret = ours.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    digest = hmac.digest(secret, content.encode(), hashlib.sha256)
    return f"{content}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


ATTACKS: dict[str, Forging] = {
    "alg none": unsigned,
    "HMAC by the public key": signed_with_the_public_key,
    "another's key under our id": lambda ours, theirs: theirs.token(header={"kid": ours.kid}),
    "a key in the token": lambda ours, theirs: theirs.token(header={"kid": ours.kid, "jwk": theirs.jwks()["keys"][0]}),
    "a key at an address": lambda _, theirs: theirs.token(header={"jku": "https://evil.example/jwks.json"}),
    "a certificate": lambda ours, theirs: theirs.token(header={"kid": ours.kid, "x5c": ["AA"]}),
    "a key id that is a path": lambda ours, _: ours.token(header={"kid": "../../dev/null"}),
    "a key id that is a query": lambda ours, _: ours.token(header={"kid": "' UNION SELECT 1 --"}),
    "unknown critical header": lambda ours, _: ours.token(header={"crit": ["b64"], "b64": False}),
    "another kind of token": lambda ours, _: ours.token(header={"typ": "JWT"}),
    "a refresh token": lambda ours, _: ours.token(header={"typ": "rt+jwt"}),
    "from the future": lambda ours, _: ours.token(claims={"nbf": int(ours.clock.now().timestamp()) + 600}),
    "issued in the future": lambda ours, _: ours.token(claims={"iat": int(ours.clock.now().timestamp()) + 600}),
    "another issuer": lambda ours, _: ours.token(claims={"iss": "https://evil.example"}),
    "another audience": lambda ours, _: ours.token(claims={"aud": "other"}),
    "no end": lambda ours, _: ours.token(claims={"exp": None}),
    "no session": lambda ours, _: ours.token(claims={"sid": None}),
    "no id": lambda ours, _: ours.token(claims={"jti": None}),
    "another payload": lambda ours, _: ".".join(
        (ours.token().split(".")[0], ours.token(uuid4(), roles=["admin"]).split(".")[1], ours.token().split(".")[2])
    ),
}


@pytest.mark.clause("ASVS 9.1.2", "ASVS 9.1.3", "ASVS 9.2.1", "ASVS 9.2.2", "ASVS 9.2.3", "RFC 8725")
async def test_no_forged_token_passes_the_gateway(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    ours, theirs = running.forge, TokenForge(kid="theirs")
    answers = {}
    for name, forge in ATTACKS.items():
        headers = {"Authorization": f"Bearer {forge(ours, theirs)}"}
        status, _, body = await running.call("GET", "/api/v1/users", token=False, headers=headers)
        answers[name] = (status, body["code"])
    assert answers == dict.fromkeys(ATTACKS, (401, "AUTH_003"))
    expired = {"Authorization": f"Bearer {ours.token(life_seconds=-1)}"}
    status, _, body = await running.call("GET", "/api/v1/users", token=False, headers=expired)
    assert (status, body["code"]) == (401, "AUTH_002")
    assert stub.arrived == []
    assert (await running.call("GET", "/api/v1/users"))[0] == 200
