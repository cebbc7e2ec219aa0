"""Who may pass: the token verified, its session not ended."""

from dataclasses import dataclass
from typing import Final

from chassis.auth import Claims, TokenVerifier
from chassis.auth.revocations import Revocations
from gateway.refusals import Refusal, unauthenticated, unavailable
from gateway.routes import Route
from kernel.errors import DomainError, Kind

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: `claims` of a good token, or the `refusal` that a bad one deserves; neither without a token.

    `session_ended`: the signature is good, the session is not.
    """

    claims: Claims | None = None
    refusal: Refusal | None = None
    session_ended: bool = False


ANONYMOUS: Final = Caller()


class Admission:
    """Reads a request's Authorization header, and decides whether its caller may use a route."""

    def __init__(self, verifier: TokenVerifier, revocations: Revocations) -> None:
        self._verifier = verifier
        self._revocations = revocations

    async def identify(self, authorization: bytes | None) -> Caller:
        """Return the caller. A bad token is no error yet: the route may need none."""
        if authorization is None:
            return ANONYMOUS
        try:
            claims = await self._verify(authorization)
        except Refusal as refusal:
            return Caller(refusal=refusal)
        if self._revocations.has_ended(claims.session_id):
            return Caller(refusal=unauthenticated("AUTH_003", "The token is not valid."), session_ended=True)
        return Caller(claims)

    def require(self, caller: Caller, route: Route, method: str) -> None:
        """Return when the caller may pass; raises Refusal.

        Where some operations need no token, a bad one is the service's to refuse, or to ignore: only the service knows
        which operation is asked for.
        """
        if caller.claims is None:
            if route.public:
                return
            raise caller.refusal or unauthenticated("AUTH_004", "An access token is required.")
        if route.strict and method not in SAFE_METHODS and not self._revocations.is_current:
            # Money does not move on a token whose session may have ended.
            raise unavailable()

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
