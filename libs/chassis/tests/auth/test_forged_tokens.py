"""Unusual forgeries: invalid signature values, inconsistent parsers, headers of other forms."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.auth import InvalidToken, TokenVerifier
from chassis.testing.clocks import ControlledClock
from chassis.testing.tokens import AUDIENCE, ISSUER, TokenForge

# The order of P-256's group.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def forge(clock: ControlledClock) -> TokenForge:
    return TokenForge(clock)


@pytest.fixture
def verifier(forge: TokenForge, clock: ControlledClock) -> TokenVerifier:
    return TokenVerifier(ISSUER, AUDIENCE, forge, clock)


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


@pytest.mark.clause("RFC 8725")
@pytest.mark.parametrize(
    ("r", "s"), [(0, 0), (1, 0), (0, 1), (ORDER, ORDER), (ORDER, 1), (1, ORDER), (1, 1), (2**256 - 1, 2**256 - 1)]
)
async def test_a_signature_with_values_out_of_range_is_refused(
    forge: TokenForge, verifier: TokenVerifier, r: int, s: int
) -> None:
    """Zero verified any message if the range was not checked (CVE-2022-21449)."""
    head, body, _ = forge.token().split(".")
    await refused(verifier, f"{head}.{body}.{encoded(r.to_bytes(32) + s.to_bytes(32))}")


@pytest.mark.clause("RFC 8725")
async def test_a_signature_in_another_encoding_is_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    """RFC 7518 section 3.4: 64 bytes, neither DER nor truncated nor padded."""
    head, body, signature = forge.token().split(".")
    raw = decoded(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    assert decode_dss_signature(der)
    for other in (der, raw[:63], raw + b"\0", b"\0" + raw, raw + raw, raw[32:] + raw[:32]):
        await refused(verifier, f"{head}.{body}.{encoded(other)}")


@pytest.mark.clause("ASVS 9.1.2", "RFC 8725")
async def test_no_other_algorithm_is_accepted_with_a_valid_signature(forge: TokenForge, verifier: TokenVerifier) -> None:
    payload = jwt.decode(forge.token(), options={"verify_signature": False})
    rsa, edwards = generate_rsa_key(public_exponent=65537, key_size=2048), Ed25519PrivateKey.generate()
    headers = {"typ": "at+jwt", "kid": forge.kid}
    for key, algorithms in ((rsa, ("RS256", "RS512", "PS256")), (edwards, ("EdDSA",))):
        for algorithm in algorithms:
            await refused(verifier, jwt.encode(payload, key, algorithm=algorithm, headers=headers))
    # A valid signature is refused under another algorithm's name too; it is accepted only under its own.
    assert await verifier.verify(renamed(forge))
    for name in ("es256", "ES256K", "ES512", " ES256", "ES256\u0000", ["ES256"], {"alg": "ES256"}, 256, None):
        await refused(verifier, renamed(forge, alg=name))


@pytest.mark.clause("ASVS 9.1.3", "RFC 8725")
@pytest.mark.parametrize("kid", [None, 1, True, ["key-1"], {"kid": "key-1"}, "", "\u0000", "key\n", "https://evil.example/k"])
async def test_a_key_id_must_be_known_text(forge: TokenForge, verifier: TokenVerifier, kid: object) -> None:
    await refused(verifier, renamed(forge, kid=kid))


@pytest.mark.clause("ASVS 9.1.3", "RFC 8725")
async def test_a_key_in_the_header_is_not_used(forge: TokenForge, verifier: TokenVerifier) -> None:
    """A token whose HMAC is made with a key that it contains, by value or by address."""
    payload = jwt.decode(forge.token(), options={"verify_signature": False})
    # Not as PEM, with which PyJWT refuses to sign.
    point = forge.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    for header in ({"jwk": {"kty": "oct", "k": encoded(point)}}, {"jku": "file:///etc/passwd"}, {"x5t": "AA"}, {}):
        headers = {"typ": "at+jwt", "kid": forge.kid, **header}
        await refused(verifier, jwt.encode(payload, point, algorithm="HS256", headers=headers))


@pytest.mark.clause("RFC 8725")
async def test_other_serialisations_are_refused(forge: TokenForge, verifier: TokenVerifier) -> None:
    token = forge.token()
    head, body, signature = token.split(".")
    flattened = json.dumps({"protected": head, "payload": body, "signature": signature})
    general = json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]})
    # JWS in JSON, the five parts of JWE, a detached payload, several tokens, and text that people paste around a token.
    for other in (flattened, general, f"{head}.AA.{body}.AA.{signature}", f"{head}..{signature}", f"{token}.{token}"):
        await refused(verifier, other)
    for other in (f"Bearer {token}", f"{token},{token}", f"{token}\0", f"\ufeff{token}"):
        await refused(verifier, other)


@pytest.mark.clause("RFC 8725")
async def test_a_duplicate_header_cannot_change_the_algorithm_or_type(forge: TokenForge, verifier: TokenVerifier) -> None:
    """Parsers differ in which of two members they use: neither order gets another algorithm or type accepted."""
    body = forge.token().split(".")[1]
    ours = f'"typ":"at+jwt","kid":"{forge.kid}"'
    for header in (f'{{"alg":"ES256","alg":"none",{ours}}}', f'{{"alg":"none","alg":"ES256",{ours}}}'):
        for signature in ("", "AA", encoded(bytes(64))):
            await refused(verifier, f"{encoded(header.encode())}.{body}.{signature}")


@pytest.mark.clause("ASVS 9.2.1")
async def test_a_token_from_long_ago_or_years_ahead_is_refused(
    forge: TokenForge, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    token, year = forge.token(), 365 * 24 * 3600
    clock.advance(seconds=-year)
    await refused(verifier, token)
    # A token refused at one time is accepted at its own time: refusals are not remembered.
    clock.advance(seconds=year)
    assert await verifier.verify(token)


def renamed(forge: TokenForge, **changes: object) -> str:
    """Return a token with any header, with a valid signature by our own key."""
    header: dict[str, Any] = {"alg": "ES256", "typ": "at+jwt", "kid": forge.kid, **changes}
    signed = f"{encoded(json.dumps(header).encode())}.{forge.token().split('.')[1]}"
    algorithm = jwt.get_algorithm_by_name("ES256")
    return f"{signed}.{encoded(algorithm.sign(signed.encode(), forge.private_key))}"
