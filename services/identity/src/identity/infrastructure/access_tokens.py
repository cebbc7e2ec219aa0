"""Access tokens: ES256 JWTs (RFC 9068) that every service verifies offline."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import jwt

from chassis.auth.acr import acr_of
from identity.domain.session import Session
from identity.infrastructure.signing_keys import KeyRing
from kernel.assurance import Factors
from kernel.ids import new_id


class JwtAccessTokens:
    def __init__(self, ring: KeyRing, *, issuer: str, audience: str, life: timedelta) -> None:
        self.life = life
        self._ring = ring
        self._issuer = issuer
        self._audience = audience

    def issue(self, session: Session, *, roles: Sequence[str], factors: Factors, at: datetime) -> str:
        kid, private_key = self._ring.signing
        issued = int(at.timestamp())
        payload = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(session.user_id),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(self.life.total_seconds()),
            "jti": str(new_id()),
            "sid": str(session.id),
            "did": str(session.device_id),
            "roles": sorted(roles),
            # The time of the last proof. Refreshing does not change it.
            "auth_time": int(session.authenticated_at.timestamp()),
            "amr": list(session.methods),
            "acr": acr_of(session.methods),
            # Whether the account has a second factor now, and as of which change: other services cannot look it up.
            "second_factor": factors.has_second,
            "factors_version": factors.version,
        }
        if session.organization_id:
            payload["org"] = str(session.organization_id)
        return jwt.encode(payload, private_key, algorithm="ES256", headers={"kid": kid, "typ": "at+jwt"})
