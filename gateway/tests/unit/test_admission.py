from collections.abc import Awaitable
from uuid import uuid4

import pytest

from chassis.auth.revocations import Revocations
from chassis.testing.tokens import TokenForge
from gateway.admission import Admission
from gateway.refusals import Refusal
from gateway.routes import Route

OPEN, CLOSED, MONEY = (
    Route("auth", "identity", public=True),
    Route("users", "identity"),
    Route("transfers", "payments", strict=True),
)


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
    made = Revocations(monotonic=monotonic)
    made.confirm()
    return made


@pytest.fixture
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture
def admission(forge: TokenForge, revocations: Revocations) -> Admission:
    return Admission(forge.verifier(), revocations)


def bearer(token: str) -> list[bytes]:
    return [f"Bearer {token}".encode()]


async def refusal_of(call: Awaitable[object]) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_a_good_token_passes_with_its_claims(admission: Admission, forge: TokenForge) -> None:
    subject, session = uuid4(), uuid4()
    claims = await admission.admit(bearer(forge.token(subject, session_id=session)), CLOSED, "GET")
    assert claims is not None
    assert (claims.subject_id, claims.session_id) == (str(subject), session)


async def test_without_a_token_only_public_prefixes_pass(admission: Admission) -> None:
    assert await admission.admit([], OPEN, "POST") is None
    for route in (CLOSED, MONEY):
        assert await refusal_of(admission.admit([], route, "GET")) == (401, "AUTH_004")


@pytest.mark.parametrize("route", [OPEN, CLOSED])
@pytest.mark.parametrize("value", [b"Bearer x", b"Bearer ", b"Basic YTpi", b"Bearer \xff\xfe", b"token"])
async def test_a_bad_token_is_refused_even_where_none_is_needed(admission: Admission, route: Route, value: bytes) -> None:
    assert await refusal_of(admission.admit([value], route, "GET")) == (401, "AUTH_003")


async def test_forged_and_expired_tokens_are_told_apart(admission: Admission, forge: TokenForge) -> None:
    assert await refusal_of(admission.admit(bearer(TokenForge().token()), CLOSED, "GET")) == (401, "AUTH_003")
    assert await refusal_of(admission.admit(bearer(forge.token(life_seconds=-1)), CLOSED, "GET")) == (401, "AUTH_002")
    wrong = forge.token(claims={"aud": "other"})
    assert await refusal_of(admission.admit(bearer(wrong), CLOSED, "GET")) == (401, "AUTH_003")
    refresh = forge.token(header={"typ": "rt+jwt"})
    assert await refusal_of(admission.admit(bearer(refresh), CLOSED, "GET")) == (401, "AUTH_003")


async def test_two_authorizations_are_ambiguous(admission: Admission, forge: TokenForge) -> None:
    assert await refusal_of(admission.admit(bearer(forge.token()) * 2, CLOSED, "GET")) == (400, "VAL_001")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_written_in_any_case(admission: Admission, forge: TokenForge, scheme: str) -> None:
    assert await admission.admit([f"{scheme} {forge.token()}".encode()], CLOSED, "GET")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", [OPEN, CLOSED, MONEY])
async def test_an_ended_session_is_refused(
    admission: Admission, forge: TokenForge, revocations: Revocations, monotonic: Time, route: Route, method: str
) -> None:
    session = uuid4()
    token = bearer(forge.token(session_id=session))
    assert await admission.admit(token, route, method)
    revocations.end(session, 4e9)
    assert await refusal_of(admission.admit(token, route, method)) == (401, "AUTH_003")
    monotonic.now += 3.1
    assert await refusal_of(admission.admit(token, route, method)) == (401, "AUTH_003")
    assert await admission.admit(bearer(forge.token()), route, "GET")


@pytest.mark.clause("ASVS 16.5.3")
async def test_money_does_not_move_while_ended_sessions_are_not_known(
    admission: Admission, forge: TokenForge, monotonic: Time
) -> None:
    token = bearer(forge.token())
    # As docs/operations.md promises.
    monotonic.now += 3
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert await admission.admit(token, MONEY, method)
    monotonic.now += 0.1
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW"):
        assert await refusal_of(admission.admit(token, MONEY, method)) == (503, "SRV_002")
        assert await admission.admit(token, CLOSED, method)
        assert await admission.admit(token, OPEN, method)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert await admission.admit(token, MONEY, method)
