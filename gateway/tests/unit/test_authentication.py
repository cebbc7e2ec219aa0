from collections.abc import Awaitable
from uuid import uuid4

import pytest

from chassis.auth import Claims, TokenVerifier
from chassis.auth.revocations import Revocations
from chassis.testing.tokens import TokenForge
from gateway.authentication import ANONYMOUS, Authentication, Caller
from gateway.error_responses import Refusal
from gateway.rate_limits import RateLimits, Verdict
from gateway.routes import Route
from kernel.errors import Unavailable

OPEN, CLOSED, MONEY = (
    Route("auth", "identity", public=True),
    Route("users", "identity"),
    Route("transfers", "payments", strict=True),
)

IP, ELSEWHERE = "41.182.0.9", "41.182.0.10"
LIMIT = 5


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def monotonic() -> Time:
    return Time()


@pytest.fixture
def revocations(monotonic: Time) -> Revocations:
    made = Revocations(elapsed=monotonic)
    made.confirm()
    return made


@pytest.fixture
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture
def authentication(forge: TokenForge, revocations: Revocations) -> Authentication:
    return Authentication(forge.verifier(), revocations, RateLimits(LIMIT, name="token:", now=Time()))


def bearer(token: str) -> bytes:
    return f"Bearer {token}".encode()


async def admit(authentication: Authentication, authorization: bytes | None, route: Route, method: str) -> Caller:
    """Return the caller if the request is accepted. Raises Refusal."""
    caller = await authentication.identify(authorization, IP)
    authentication.require(caller, route, method)
    return caller


async def refusal_of(call: Awaitable[object]) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_a_valid_token_is_accepted_with_its_claims(authentication: Authentication, forge: TokenForge) -> None:
    subject, session = uuid4(), uuid4()
    caller = await admit(authentication, bearer(forge.token(subject, session_id=session)), CLOSED, "GET")
    assert caller.claims is not None
    assert (caller.claims.subject_id, caller.claims.session_id) == (str(subject), session)
    assert (caller.refusal, caller.session_ended) == (None, False)


async def test_without_a_token_only_public_prefixes_are_accepted(authentication: Authentication) -> None:
    assert await admit(authentication, None, OPEN, "POST") == ANONYMOUS
    for route in (CLOSED, MONEY):
        assert await refusal_of(admit(authentication, None, route, "GET")) == (401, "AUTH_004")


@pytest.mark.parametrize("value", [b"Bearer x", b"Bearer ", b"Basic YTpi", b"Bearer \xff\xfe", b"token"])
async def test_a_bad_token_is_refused_if_one_is_required_and_ignored_elsewhere(
    authentication: Authentication, value: bytes
) -> None:
    for route in (CLOSED, MONEY):
        assert await refusal_of(admit(authentication, value, route, "GET")) == (401, "AUTH_003")
    assert (await admit(authentication, value, OPEN, "POST")).claims is None


async def test_forged_and_expired_tokens_get_different_errors(authentication: Authentication, forge: TokenForge) -> None:
    assert await refusal_of(admit(authentication, bearer(TokenForge().token()), CLOSED, "GET")) == (401, "AUTH_003")
    assert await refusal_of(admit(authentication, bearer(forge.token(life_seconds=-1)), CLOSED, "GET")) == (401, "AUTH_002")
    wrong = forge.token(claims={"aud": "other"})
    assert await refusal_of(admit(authentication, bearer(wrong), CLOSED, "GET")) == (401, "AUTH_003")
    refresh = forge.token(header={"typ": "rt+jwt"})
    assert await refusal_of(admit(authentication, bearer(refresh), CLOSED, "GET")) == (401, "AUTH_003")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_written_in_any_case(authentication: Authentication, forge: TokenForge, scheme: str) -> None:
    assert (await admit(authentication, f"{scheme} {forge.token()}".encode(), CLOSED, "GET")).claims


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", [CLOSED, MONEY])
async def test_an_ended_session_is_refused(
    authentication: Authentication, forge: TokenForge, revocations: Revocations, monotonic: Time, route: Route, method: str
) -> None:
    session = uuid4()
    token = bearer(forge.token(session_id=session))
    assert await admit(authentication, token, route, method)
    revocations.end(session, 4e9)
    assert await refusal_of(admit(authentication, token, route, method)) == (401, "AUTH_003")
    monotonic.now += 3.1
    assert await refusal_of(admit(authentication, token, route, method)) == (401, "AUTH_003")
    assert await admit(authentication, bearer(forge.token()), CLOSED, "GET")


async def test_an_ended_session_is_anonymous_if_no_token_is_required(
    authentication: Authentication, forge: TokenForge, revocations: Revocations
) -> None:
    session = uuid4()
    revocations.end(session, 4e9)
    caller = await admit(authentication, bearer(forge.token(session_id=session)), OPEN, "POST")
    assert (caller.claims, caller.session_ended) == (None, True)


@pytest.mark.clause("ASVS 16.5.3")
async def test_money_does_not_move_while_ended_sessions_are_not_known(
    authentication: Authentication, forge: TokenForge, monotonic: Time
) -> None:
    token = bearer(forge.token())
    # As docs/operations.md says.
    monotonic.now += 3
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert await admit(authentication, token, MONEY, method)
    monotonic.now += 0.1
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW"):
        assert await refusal_of(admit(authentication, token, MONEY, method)) == (503, "SRV_002")
        assert await admit(authentication, token, CLOSED, method)
        assert await admit(authentication, token, OPEN, method)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert await admit(authentication, token, MONEY, method)


class CountingVerifier:
    """Counts the signatures that are verified."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier
        self.looked = 0

    def remembers(self, token: str) -> bool:
        return self._verifier.remembers(token)

    async def verify(self, token: str) -> Claims:
        self.looked += not self._verifier.remembers(token)
        return await self._verifier.verify(token)


async def test_an_address_cannot_have_more_bad_tokens_verified_than_its_request_limit(
    forge: TokenForge, revocations: Revocations
) -> None:
    verifier, time = CountingVerifier(forge.verifier()), Time()
    authentication = Authentication(verifier, revocations, RateLimits(LIMIT, now=time))  # type: ignore[arg-type]  # wraps a verifier
    seen, new = bearer(forge.token()), bearer(forge.token())
    assert (await authentication.identify(seen, IP)).claims
    for _ in range(50):
        # With our key's id, so that only the signature is wrong.
        forged = bearer(TokenForge().token(header={"kid": forge.kid}))
        caller = await authentication.identify(forged, IP)
        assert caller.claims is None
    assert verifier.looked == 1 + LIMIT
    assert caller.refusal is not None
    assert (caller.refusal.status, caller.refusal.code, caller.refusal.headers) == (429, "RATE_001", {"retry-after": "61"})
    assert caller.unverified == Verdict(allowed=False, limit=LIMIT, remaining=0, reset_seconds=61)
    # Tokens verified before still work, and so do all tokens elsewhere; a minute later the same address works again too.
    assert (await authentication.identify(seen, IP)).claims
    assert (await authentication.identify(new, IP)).claims is None
    assert (await authentication.identify(new, ELSEWHERE)).claims
    another = bearer(forge.token())
    time.now += 61
    assert (await authentication.identify(another, IP)).claims


async def test_an_address_may_send_any_number_of_valid_tokens(authentication: Authentication, forge: TokenForge) -> None:
    for _ in range(3 * LIMIT):
        assert (await authentication.identify(bearer(forge.token()), IP)).claims


async def test_without_signing_keys_no_token_counts_as_bad(revocations: Revocations, forge: TokenForge) -> None:
    class Away:
        async def find(self, kid: str) -> None:
            raise Unavailable(dependency="identity", reason=kid)

    verifier = TokenVerifier("issuer", "audience", Away(), forge.clock)
    authentication = Authentication(verifier, revocations, RateLimits(1, now=Time()))
    for _ in range(3):
        assert await refusal_of(admit(authentication, bearer(forge.token()), CLOSED, "GET")) == (503, "SRV_002")
        assert (await admit(authentication, bearer(forge.token()), OPEN, "GET")).claims is None
