"""Authentication of requests: verifies the token and checks that its session has not ended."""

from dataclasses import dataclass
from typing import Final

from chassis.auth import Claims, TokenVerifier
from chassis.auth.revocations import Revocations
from gateway.error_responses import Refusal, too_many, unauthenticated, unavailable
from gateway.rate_limits import RateLimits, Verdict
from gateway.routes import Route
from kernel.errors import DomainError, Kind

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request: the `claims` of a valid token or the `refusal` of an invalid one; without a token neither.

    `session_ended`: the token is valid, but its session has ended. `unverified`: the exceeded limit, if the token was not
    verified.
    """

    claims: Claims | None = None
    refusal: Refusal | None = None
    session_ended: bool = False
    unverified: Verdict | None = None


ANONYMOUS: Final = Caller()


class Authentication:
    """Reads the Authorization header, and decides whether the caller may use a route.

    `bad_tokens` counts invalid tokens per address. A bad signature costs as much to verify as a good one, so after the limit no
    new token of the address is verified for the rest of the minute. Tokens verified earlier are still accepted.
    """

    def __init__(self, verifier: TokenVerifier, revocations: Revocations, bad_tokens: RateLimits) -> None:
        self._verifier = verifier
        self._revocations = revocations
        self._bad_tokens = bad_tokens

    async def identify(self, authorization: bytes | None, ip: str) -> Caller:
        """Return the caller. A bad token is not an error yet, because the route may not require one."""
        if authorization is None:
            return ANONYMOUS
        scheme, _, value = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return Caller(refusal=_invalid())
        return await self._read(value.strip().decode("latin-1"), ip)

    def require(self, caller: Caller, route: Route, method: str) -> None:
        """Raise Refusal unless the caller may use the route.

        On a public route the service refuses or ignores a bad token: only the service knows which operation is requested.
        """
        if caller.claims is None:
            if route.public:
                return
            raise caller.refusal or unauthenticated("AUTH_004", "An access token is required.")
        if route.strict and method not in SAFE_METHODS and not self._revocations.is_current:
            # The session may have ended: refuse to move money.
            raise unavailable()

    async def _read(self, token: str, ip: str) -> Caller:
        if (limit := self._bad_tokens.refusal(ip)) and not self._verifier.remembers(token):
            return Caller(refusal=too_many(limit.reset_seconds), unverified=limit)
        try:
            claims = await self._verifier.verify(token)
        except DomainError as error:
            if error.kind is not Kind.UNAUTHENTICATED:
                return Caller(refusal=unavailable())
            self._bad_tokens.admit(ip)
            return Caller(refusal=unauthenticated(error.code, error.message))
        if self._revocations.has_ended(claims.session_id):
            return Caller(refusal=_invalid(), session_ended=True)
        return Caller(claims)


def _invalid() -> Refusal:
    return unauthenticated("AUTH_003", "The token is not valid.")
