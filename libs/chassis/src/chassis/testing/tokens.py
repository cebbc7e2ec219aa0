"""Access tokens for tests, with real signatures."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)

from chassis.auth.verifier import TokenVerifier
from kernel.clock import Clock, SystemClock
from kernel.ids import new_id

ISSUER = "http://localhost:8000"
AUDIENCE = "elcorp"
LIFE_SECONDS = 900


class TokenForge:
    """Signs ES256 access tokens, and is the KeySource to verify them.

    `forge.token(subject_id, roles=["user"])` returns a valid token; `claims` and `header` replace parts, or remove them (None).
    """

    def __init__(self, clock: Clock | None = None, *, kid: str = "test-key") -> None:
        self.clock = clock or SystemClock()
        self.kid = kid
        self.private_key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())

    @property
    def public_key(self) -> EllipticCurvePublicKey:
        return self.private_key.public_key()

    async def find(self, kid: str) -> EllipticCurvePublicKey | None:
        return self.public_key if kid == self.kid else None

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(ISSUER, AUDIENCE, self, self.clock)

    def jwks(self) -> dict[str, Any]:
        key = jwt.algorithms.ECAlgorithm.to_jwk(self.public_key, as_dict=True)
        return {"keys": [{**key, "kid": self.kid, "use": "sig", "alg": "ES256"}]}

    def token(
        self,
        subject_id: UUID | str | None = None,
        *,
        roles: Iterable[str] = ("user",),
        session_id: UUID | None = None,
        device_id: str | None = "device-1",
        methods: Iterable[str] = ("pwd",),
        second_factor: bool = False,
        life_seconds: float = LIFE_SECONDS,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> str:
        now = self.clock.now()
        payload: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(subject_id or new_id()),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=life_seconds)).timestamp()),
            "jti": str(new_id()),
            "sid": str(session_id or new_id()),
            "did": device_id,
            "roles": list(roles),
            "auth_time": int(now.timestamp()),
            "amr": list(methods),
            "second_factor": second_factor,
        }
        return self.sign(_without_none({**payload, **(claims or {})}), header)

    def headers(self, subject_id: UUID | str | None = None, *, roles: Iterable[str] = ("user",), **rest: Any) -> dict[str, str]:
        """Return the request headers of a signed-in user."""
        return {"Authorization": f"Bearer {self.token(subject_id, roles=roles, **rest)}"}

    def sign(self, payload: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        headers = _without_none({"kid": self.kid, "typ": "at+jwt", **(header or {})})
        # Encode as JWS: PyJWT refuses to write some of the claims that a verifier must refuse.
        return jwt.PyJWS().encode(json.dumps(dict(payload)).encode(), self.private_key, algorithm="ES256", headers=headers)


def _without_none(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if value is not None}
