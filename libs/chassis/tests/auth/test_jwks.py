"""Keys from a real endpoint: rotation, rate-limited requests, an unreachable issuer."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chassis.auth import JwksKeys
from chassis.testing.clocks import ControlledClock
from chassis.testing.running import eventually
from chassis.testing.tokens import TokenForge
from kernel.errors import Unavailable


class Issuer:
    """Serves a JWKS, counts the requests, and fails if asked to."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.status = 200
        self.served = 0
        self.url = ""

    async def serve(self, _request: web.Request) -> web.Response:
        self.served += 1
        return web.json_response(self.document, status=self.status)


@pytest.fixture
def forge() -> TokenForge:
    return TokenForge(kid="first")


@pytest.fixture
async def issuer(forge: TokenForge) -> AsyncIterator[Issuer]:
    issuer = Issuer(forge.jwks())
    app = web.Application()
    app.router.add_get("/jwks.json", issuer.serve)
    async with TestServer(app) as server:
        issuer.url = str(server.make_url("/jwks.json"))
        yield issuer


@pytest.fixture
async def keys(issuer: Issuer, clock: ControlledClock) -> AsyncIterator[JwksKeys]:
    keys = JwksKeys(issuer.url, clock=clock)
    yield keys
    await keys.close()


async def test_keys_are_fetched_once_when_first_needed(keys: JwksKeys, issuer: Issuer, forge: TokenForge) -> None:
    found = await asyncio.gather(*(keys.find("first") for _ in range(20)))
    assert {key.public_numbers() for key in found if key} == {forge.public_key.public_numbers()}
    assert issuer.served == 1


@pytest.mark.clause("RFC 7517 rotation")
async def test_a_new_key_is_found_and_an_unknown_one_is_rarely_requested(
    keys: JwksKeys, issuer: Issuer, forge: TokenForge, clock: ControlledClock
) -> None:
    await keys.find("first")
    successor = TokenForge(kid="second")
    issuer.document = {"keys": forge.jwks()["keys"] + successor.jwks()["keys"]}
    assert await keys.find("second") is None
    clock.advance(seconds=10)
    assert await keys.find("second") is not None
    for number in range(100):
        assert await keys.find(f"forged-{number}") is None
    assert issuer.served == 2
    assert await keys.find("first") is not None


@pytest.mark.parametrize("jump", [600, -600])
async def test_keys_are_fetched_by_their_age_when_the_time_of_day_is_set(
    keys: JwksKeys, issuer: Issuer, clock: ControlledClock, jump: float
) -> None:
    await keys.find("first")
    clock.jump(seconds=jump)
    assert await keys.find("forged") is None
    assert issuer.served == 1
    clock.advance(seconds=10)
    assert await keys.find("forged") is None
    assert issuer.served == 2


async def test_a_withdrawn_key_is_removed_at_the_next_fetch(keys: JwksKeys, issuer: Issuer, clock: ControlledClock) -> None:
    await keys.find("first")
    issuer.document = TokenForge(kid="second").jwks()
    clock.advance(seconds=300)
    # Answered at once from the known keys, while the refresh is in progress.
    assert await keys.find("first") is not None
    await eventually(lambda: issuer.served, 2)
    await eventually(partial(keys.find, "first"), None)
    assert await keys.find("second") is not None
    assert issuer.served == 2


async def test_an_unreachable_issuer_leaves_the_known_keys(keys: JwksKeys, issuer: Issuer, clock: ControlledClock) -> None:
    await keys.find("first")
    issuer.status = 503
    clock.advance(seconds=11)
    assert await keys.find("unknown") is None
    assert await keys.find("first") is not None
    assert issuer.served == 2


@pytest.mark.parametrize("document", [{"keys": []}, {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "hmac"}]}, [], {}])
async def test_a_document_without_a_usable_key_leaves_the_known_keys(
    keys: JwksKeys, issuer: Issuer, clock: ControlledClock, document: object
) -> None:
    await keys.find("first")
    issuer.document = document
    clock.advance(seconds=10)
    assert await keys.find("unknown") is None
    assert issuer.served == 2
    assert await keys.find("first") is not None


async def test_without_any_key_the_issuer_is_asked_every_second_and_with_one_every_ten(
    keys: JwksKeys, issuer: Issuer, clock: ControlledClock
) -> None:
    issuer.status = 500
    for seconds, asked in ((0, 1), (0.9, 1), (0.1, 2), (0.9, 2)):
        clock.advance(seconds=seconds)
        with pytest.raises(Unavailable):
            await keys.find("first")
        assert issuer.served == asked
    issuer.status = 200
    clock.advance(seconds=0.1)
    assert await keys.find("first") is not None
    for seconds, asked in ((0, 3), (9.9, 3), (0.1, 4)):
        clock.advance(seconds=seconds)
        assert await keys.find("unknown") is None
        assert issuer.served == asked


@pytest.mark.parametrize("left_out", ["use", "alg"])
async def test_a_key_may_omit_its_use(keys: JwksKeys, issuer: Issuer, forge: TokenForge, left_out: str) -> None:
    (key,) = forge.jwks()["keys"]
    issuer.document = {"keys": [{name: value for name, value in key.items() if name != left_out}]}
    assert await keys.find("first") is not None


async def test_without_any_key_tokens_cannot_be_verified(clock: ControlledClock) -> None:
    keys = JwksKeys("http://127.0.0.1:1/jwks.json", clock=clock)
    with pytest.raises(Unavailable):
        await keys.find("first")


async def test_it_recovers_by_itself(keys: JwksKeys, issuer: Issuer, clock: ControlledClock) -> None:
    issuer.status = 500
    with pytest.raises(Unavailable):
        await keys.find("first")
    issuer.status = 200
    clock.advance(seconds=1)
    assert await keys.find("first") is not None


@pytest.mark.parametrize(
    "document", [[], {}, {"keys": {}}, {"keys": ["x"]}, {"keys": [{"kty": "EC", "crv": "P-256", "kid": "a"}]}, None]
)
async def test_a_malformed_document_raises_nothing_unexpected(keys: JwksKeys, issuer: Issuer, document: object) -> None:
    issuer.document = document
    with pytest.raises(Unavailable):
        await keys.find("first")


async def test_an_endless_document_is_not_read_to_its_end(keys: JwksKeys, issuer: Issuer, forge: TokenForge) -> None:
    issuer.document = {**forge.jwks(), "padding": "x" * 300_000}
    with pytest.raises(Unavailable):
        await keys.find("first")


async def test_keys_of_other_kinds_are_ignored(keys: JwksKeys, issuer: Issuer, forge: TokenForge) -> None:
    good = forge.jwks()["keys"][0]
    issuer.document = {
        "keys": [
            {"kty": "oct", "k": "c2VjcmV0", "kid": "hmac"},
            {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa"},
            {**good, "use": "enc", "kid": "encryption"},
            {**good, "crv": "P-384", "kid": "other-curve"},
            {name: value for name, value in good.items() if name != "kid"},
            good,
        ]
    }
    assert await keys.find("first") is not None
    for kid in ("hmac", "rsa", "encryption", "other-curve"):
        assert await keys.find(kid) is None
