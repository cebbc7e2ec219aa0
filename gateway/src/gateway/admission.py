"""Who may pass: the token verified, its session not ended."""

from typing import Final

from chassis.auth import Claims, TokenVerifier
from chassis.auth.revocations import Revocations
from gateway.refusals import bad_request, unauthenticated, unavailable
from gateway.routes import Route
from kernel.errors import DomainError, Kind

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Admission:
    """Decides about one request's Authorization header; raises Refusal."""

    def __init__(self, verifier: TokenVerifier, revocations: Revocations) -> None:
        self._verifier = verifier
        self._revocations = revocations

    async def admit(self, authorization: list[bytes], route: Route, method: str) -> Claims | None:
        """Return the claims of a good token; None without one, where the service decides what the anonymous may."""
        if not authorization:
            if route.public:
                return None
            raise unauthenticated("AUTH_004", "An access token is required.")
        if len(authorization) > 1:
            raise bad_request("More than one Authorization header.")
        claims = await self._verify(authorization[0])
        if self._revocations.has_ended(claims.session_id):
            raise unauthenticated("AUTH_003", "The token is not valid.")
        if route.strict and method not in SAFE_METHODS and not self._revocations.is_current:
            # Money does not move on a token whose session may have ended.
            raise unavailable()
        return claims

    async def _verify(self, authorization: bytes) -> Claims:
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            raise unauthenticated("AUTH_003", "The token is not valid.")
        try:
            return await self._verifier.verify(token.strip().decode("latin-1"))
        except DomainError as error:
            if error.kind is Kind.UNAUTHENTICATED:
                raise unauthenticated(error.code, error.message) from None
            raise unavailable() from error
