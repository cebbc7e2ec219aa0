"""Tokens that must be refused (RFC 8725, RFC 9068), and the cache of verified tokens."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.auth import ExpiredToken, InvalidToken, TokenVerifier
from chassis.testing.clocks import ControlledClock
from chassis.testing.tokens import AUDIENCE, ISSUER, LIFE_SECONDS, TokenForge
from kernel.ids import new_id


class CountingKeys:
    """Counts how often a token was really verified, not found in the cache."""

    def __init__(self, forge: TokenForge) -> None:
        self.forge = forge
        self.asked = 0

    async def find(self, kid: str) -> EllipticCurvePublicKey | None:
        self.asked += 1
        return await self.forge.find(kid)


@pytest.fixture
def forge(clock: ControlledClock) -> TokenForge:
    return TokenForge(clock)


@pytest.fixture
def keys(forge: TokenForge) -> CountingKeys:
    return CountingKeys(forge)


@pytest.fixture
def verifier(keys: CountingKeys, clock: ControlledClock) -> TokenVerifier:
    return TokenVerifier(ISSUER, AUDIENCE, keys, clock)


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


async def test_a_valid_token_returns_its_claims(forge: TokenForge, verifier: TokenVerifier, clock: ControlledClock) -> None:
    subject, session = new_id(), new_id()
    claims = await verifier.verify(forge.token(subject, roles=["user", "staff"], session_id=session, methods=["pwd", "otp"]))
    assert (claims.subject_id, claims.session_id, claims.device_id) == (str(subject), session, "device-1")
    assert (claims.roles, claims.methods) == (frozenset({"user", "staff"}), ("pwd", "otp"))
    assert claims.issued_at == claims.authenticated_at == clock.now()
    assert (claims.second_factor, claims.factors_version) == (False, 0)
    assert claims.expires_at == clock.now() + timedelta(seconds=LIFE_SECONDS)
    assert UUID(claims.token_id)


@pytest.mark.clause("ASVS 9.1.2", "RFC 8725")
async def test_alg_none_is_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    payload = forge.token().split(".")[1]
    for algorithm in ("none", "None", "NONE", ""):
        header = part({"alg": algorithm, "typ": "at+jwt", "kid": forge.kid})
        for signature in ("", "AA"):
            with pytest.raises(InvalidToken):
                await verifier.verify(f"{header}.{payload}.{signature}")


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
@pytest.mark.clause("ASVS 9.1.2", "RFC 8725")
async def test_the_public_key_is_not_accepted_as_an_hmac_secret(
    forge: TokenForge, verifier: TokenVerifier, algorithm: str
) -> None:
    payload = forge.token().split(".")[1]
    signed = f"{part({'alg': algorithm, 'typ': 'at+jwt', 'kid': forge.kid})}.{payload}"
    for encoding, form in ((Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.X962, PublicFormat.UncompressedPoint)):
        secret = forge.public_key.public_bytes(encoding, form)
        digest = hmac.new(secret, signed.encode(), getattr(hashlib, f"sha{algorithm[2:]}")).digest()
        signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        with pytest.raises(InvalidToken):
            await verifier.verify(f"{signed}.{signature}")


@pytest.mark.clause("ASVS 9.1.2", "RFC 8725")
async def test_another_curve_is_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    payload = jwt.decode(forge.token(), options={"verify_signature": False})
    headers = {"typ": "at+jwt", "kid": forge.kid}
    token = jwt.encode(payload, generate_private_key(SECP384R1()), algorithm="ES384", headers=headers)
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


@pytest.mark.clause("ASVS 9.1.3")
async def test_another_key_with_our_key_id_is_refused(verifier: TokenVerifier, clock: ControlledClock, forge: TokenForge) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(TokenForge(clock, kid=forge.kid).token())


@pytest.mark.parametrize("kid", ["other", "../../etc/passwd", "' OR 1=1 --", ""])
@pytest.mark.clause("ASVS 9.1.3")
async def test_an_unknown_key_id_is_refused(forge: TokenForge, verifier: TokenVerifier, kid: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(forge.token(header={"kid": kid}))


async def test_a_token_without_a_key_id_is_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(forge.token(header={"kid": None}))


@pytest.mark.clause("ASVS 9.1.3", "RFC 8725")
async def test_a_token_may_not_bring_its_own_key(clock: ControlledClock, forge: TokenForge, verifier: TokenVerifier) -> None:
    stranger = TokenForge(clock, kid=forge.kid)
    key = stranger.jwks()["keys"][0]
    for header in ({"jwk": key}, {"jku": "https://evil.example/jwks.json"}, {"x5u": "https://evil.example/c"}, {"x5c": ["AA"]}):
        with pytest.raises(InvalidToken):
            await verifier.verify(stranger.token(header=header))
        # This holds for tokens signed with our key too: our services never write such a header.
        with pytest.raises(InvalidToken):
            await verifier.verify(forge.token(header=header))


@pytest.mark.clause("RFC 8725")
async def test_critical_extensions_are_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(forge.token(header={"crit": ["exp"]}))


@pytest.mark.parametrize("kind", ["JWT", "rt+jwt", "refresh+jwt", "id+jwt", None])
@pytest.mark.clause("ASVS 9.2.2")
async def test_only_access_tokens_are_accepted(forge: TokenForge, verifier: TokenVerifier, kind: str | None) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(forge.token(header={"typ": kind}) if kind else forge.token(header={"typ": ""}))


async def test_a_former_issuer_is_accepted_only_if_it_is_configured(
    forge: TokenForge, clock: ControlledClock, keys: CountingKeys
) -> None:
    former = "https://identity.elcorp.na"
    token = forge.token(claims={"iss": former})
    with pytest.raises(InvalidToken):
        await TokenVerifier(ISSUER, AUDIENCE, keys, clock).verify(token)
    verifier = TokenVerifier(ISSUER, AUDIENCE, keys, clock, former_issuer=former)
    assert await verifier.verify(token)
    assert await verifier.verify(forge.token())
    wrong: list[object] = [f"{former}/", [former], [ISSUER, former], {}, "", None]
    for issuer in wrong:
        with pytest.raises(InvalidToken):
            await verifier.verify(forge.token(claims={"iss": issuer}))


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_type_is_a_media_type(forge: TokenForge, verifier: TokenVerifier, kind: str) -> None:
    assert await verifier.verify(forge.token(header={"typ": kind}))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "roles", "auth_time", "amr"])
@pytest.mark.clause("ASVS 9.2.1", "ASVS 9.2.3")
async def test_every_claim_is_required(forge: TokenForge, verifier: TokenVerifier, claim: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(forge.token(claims={claim: None}))


WRONG: list[tuple[str, object]] = [
    ("iss", f"{ISSUER}.evil.example"),
    ("iss", [ISSUER]),
    ("aud", "other"),
    ("aud", []),
    ("aud", ["other"]),
    ("sub", "admin"),
    ("sub", 7),
    ("sid", "session"),
    ("jti", ""),
    ("jti", 5),
    ("roles", "admin"),
    ("roles", [1]),
    ("roles", {"admin": True}),
    ("roles", ["x"] * 65),
    ("exp", "2040-01-01"),
    ("exp", True),
    ("exp", 1e300),
    ("exp", 10**30),
    ("nbf", -(10**30)),
    ("iat", None),
    ("amr", "pwd"),
    ("did", 5),
    ("did", ""),
    ("did", "x" * 256),
    ("jti", "x" * 256),
    ("roles", ["x" * 256]),
    ("roles", [""]),
    ("amr", ["x"] * 65),
    ("auth_time", 1.5),
    ("auth_time", False),
    ("second_factor", "false"),
    ("second_factor", 0),
    ("factors_version", -1),
    ("factors_version", "1"),
    ("factors_version", True),
    ("factors_version", 1.5),
]


@pytest.mark.clause("ASVS 9.2.1", "ASVS 9.2.3")
@pytest.mark.parametrize(("claim", "value"), WRONG)
async def test_a_claim_of_the_wrong_form_is_refused(
    forge: TokenForge, verifier: TokenVerifier, claim: str, value: object
) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(forge.token(claims={claim: value}))


async def test_the_largest_accepted_claims_are_returned_whole(forge: TokenForge, verifier: TokenVerifier) -> None:
    roles = sorted(f"{number:0255}" for number in range(15))
    methods = ["m"] * 64
    claims = await verifier.verify(forge.token(roles=roles, methods=methods, device_id="d" * 255, claims={"jti": "j" * 255}))
    assert (claims.roles, claims.methods) == (frozenset(roles), tuple(methods))
    assert (claims.device_id, claims.token_id) == ("d" * 255, "j" * 255)
    roles = [f"role-{number}" for number in range(64)]
    assert (await verifier.verify(forge.token(roles=roles))).roles == frozenset(roles)


async def test_one_of_several_audiences_is_enough_and_a_device_is_optional(forge: TokenForge, verifier: TokenVerifier) -> None:
    claims = await verifier.verify(forge.token(claims={"aud": ["other", AUDIENCE]}, device_id=None))
    assert claims.device_id is None


async def test_invalid_tokens_are_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    head, body, signature = forge.token().split(".")
    rubbish = [
        "",
        ".",
        "..",
        "a.b.c",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}..{signature}",
        f"{head}.{body}.{signature}.x",
    ]
    rubbish += [f"{part([])}.{body}.{signature}", "ключ.ключ.ключ", "\x00.\x00.\x00", "\ud800", "x" * 100_000]  # type: ignore[arg-type]
    for token in rubbish:
        with pytest.raises(InvalidToken):
            await verifier.verify(token)


async def test_a_deeply_nested_header_is_refused(verifier: TokenVerifier) -> None:
    for depth in (200, 350, 1000, 5000):
        header = base64.urlsafe_b64encode(b'{"a":' + b"[" * depth + b"]" * depth + b"}").rstrip(b"=").decode()
        with pytest.raises(InvalidToken):
            await verifier.verify(f"{header}.e30.AA")


async def test_any_changed_byte_is_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    token = forge.token()
    for place in range(0, len(token), 17):
        if token[place] != ".":
            changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
            with pytest.raises(InvalidToken):
                await verifier.verify(changed)


async def test_a_signed_payload_that_is_not_an_object_is_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    for payload in (b"[]", b"1", b"not json", b"\xff", b"[" * 5000):
        token = jwt.PyJWS().encode(payload, forge.private_key, "ES256", headers={"typ": "at+jwt", "kid": forge.kid})
        with pytest.raises(InvalidToken):
            await verifier.verify(token)


@pytest.mark.clause("ASVS 9.2.1 life")
async def test_a_token_expires_on_the_second(forge: TokenForge, verifier: TokenVerifier, clock: ControlledClock) -> None:
    token = forge.token()
    clock.advance(seconds=LIFE_SECONDS - 0.001)
    assert await verifier.verify(token)
    clock.advance(seconds=0.001)
    with pytest.raises(ExpiredToken):
        await verifier.verify(token)
    with pytest.raises(ExpiredToken):
        await verifier.verify(token)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.clause("ASVS 9.2.1 life")
async def test_a_small_clock_difference_is_tolerated(
    forge: TokenForge, verifier: TokenVerifier, clock: ControlledClock, claim: str
) -> None:
    now = int(clock.now().timestamp())
    assert await verifier.verify(forge.token(claims={claim: now + 5}))
    with pytest.raises(InvalidToken):
        await verifier.verify(forge.token(claims={claim: now + 6}))


async def test_a_valid_token_is_verified_once(
    forge: TokenForge, verifier: TokenVerifier, keys: CountingKeys, clock: ControlledClock
) -> None:
    token = forge.token()
    first = await verifier.verify(token)
    assert await verifier.verify(token) is first
    assert keys.asked == 1
    clock.advance(seconds=LIFE_SECONDS)
    with pytest.raises(ExpiredToken):
        await verifier.verify(token)
    assert keys.asked == 1


async def test_a_cached_token_expires_too(forge: TokenForge, verifier: TokenVerifier, clock: ControlledClock) -> None:
    token = forge.token(life_seconds=10)
    assert not verifier.remembers(token)
    await verifier.verify(token)
    assert verifier.remembers(token)
    clock.advance(seconds=10)
    with pytest.raises(ExpiredToken):
        await verifier.verify(token)
    assert not verifier.remembers(token)


async def test_the_cache_is_bounded_and_evicts_the_oldest(keys: CountingKeys, forge: TokenForge, clock: ControlledClock) -> None:
    verifier = TokenVerifier(ISSUER, AUDIENCE, keys, clock, cache_size=3)
    tokens = [forge.token() for _ in range(5)]
    for token in tokens:
        await verifier.verify(token)
    await verifier.verify(tokens[-1])
    assert keys.asked == 5
    await verifier.verify(tokens[0])
    assert keys.asked == 6


async def test_a_bad_token_is_never_cached(forge: TokenForge, verifier: TokenVerifier, keys: CountingKeys) -> None:
    bad = forge.token(claims={"aud": "other"})
    for _ in range(2):
        with pytest.raises(InvalidToken):
            await verifier.verify(bad)
    assert keys.asked == 2
    assert not verifier.remembers(bad)
