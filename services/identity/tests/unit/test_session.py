"""A session's chain of refresh tokens (RFC 9700 section 4.14.2)."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from chassis.crypto import UnsealableError
from chassis.testing.clocks import ControlledClock
from identity.domain.errors import InvalidRefreshToken, SessionExpired
from identity.domain.events import SessionEnded
from identity.domain.proof import Proof
from identity.domain.refresh_token import REMEMBERED_MAX, RETRY_SECONDS_MAX, RefreshToken
from identity.domain.session import EndReason, Session, TokenUse
from identity.infrastructure.refresh_tokens import SignedRefreshTokens

TOKENS = SignedRefreshTokens(bytes(32))
DEVICE = uuid4()
LIFE = timedelta(days=7)
ACCESS = timedelta(minutes=15)


@pytest.fixture
def first() -> RefreshToken:
    return TOKENS.issue(session_id=uuid4(), user_id=uuid4(), generation=1)


@pytest.fixture
def session(first: RefreshToken, clock: ControlledClock) -> Session:
    return Session.start(first, device_id=DEVICE, proof=Proof.of(("pwd",), at=clock.now()), life=LIFE, at=clock.now())


def rotate(session: Session, spent: RefreshToken, clock: ControlledClock) -> RefreshToken:
    successor = TOKENS.issue(session_id=session.id, user_id=session.user_id, generation=session.generation + 1)
    session.rotate(successor, sealed=TOKENS.seal_successor(spent, successor), at=clock.now())
    return successor


def test_the_current_token_is_current_and_then_its_successor(
    session: Session,
    first: RefreshToken,
    clock: ControlledClock,
) -> None:
    assert session.present(first, device_id=DEVICE, at=clock.now()) is TokenUse.CURRENT
    second = rotate(session, first, clock)
    assert session.present(second, device_id=DEVICE, at=clock.now()) is TokenUse.CURRENT


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, TokenUse.RETRIED), (RETRY_SECONDS_MAX, TokenUse.RETRIED), (10.1, TokenUse.REUSED)]
)
@pytest.mark.clause("RFC 9700 4.14.2 retry")
def test_a_used_token_is_a_retry_for_ten_seconds_only(
    session: Session,
    first: RefreshToken,
    clock: ControlledClock,
    seconds: float,
    expected: TokenUse,
) -> None:
    rotate(session, first, clock)
    clock.advance(seconds=seconds)
    assert session.present(first, device_id=DEVICE, at=clock.now()) is expected


def opened(session: Session, used: RefreshToken) -> str:
    token = used
    for sealed in session.successors_of(used):
        token = TOKENS.read(TOKENS.open_successor(token, sealed))
    return token.text


@pytest.mark.clause("RFC 9700 4.14.2 order")
def test_every_token_used_within_ten_seconds_leads_to_the_current_one(
    session: Session, first: RefreshToken, clock: ControlledClock
) -> None:
    chain = [first]
    for _ in range(5):
        clock.advance(seconds=3)
        chain.append(rotate(session, chain[-1], clock))
    *used, current = chain
    presented = [session.present(token, device_id=DEVICE, at=clock.now()) for token in used]
    # Used 12, 9, 6, 3 and 0 seconds ago.
    assert presented == [TokenUse.REUSED, *[TokenUse.RETRIED] * 4]
    assert [opened(session, token) for token in used[1:]] == [current.text] * 4
    clock.advance(seconds=1)
    assert session.present(used[1], device_id=DEVICE, at=clock.now()) is TokenUse.RETRIED
    clock.advance(seconds=0.1)
    assert session.present(used[1], device_id=DEVICE, at=clock.now()) is TokenUse.REUSED


def test_tokens_that_may_no_longer_be_retried_are_dropped(session: Session, first: RefreshToken, clock: ControlledClock) -> None:
    token = first
    for seconds in (0, 5, 5.1):
        clock.advance(seconds=seconds)
        token = rotate(session, token, clock)
    assert [used.generation for used in session.earlier_used] == [2]
    session.end(EndReason.SIGNED_OUT, at=clock.now(), access_token_life=ACCESS)
    assert session.earlier_used == ()


def test_a_client_that_refreshes_without_pause_gets_its_unused_token_again(
    session: Session, first: RefreshToken, clock: ControlledClock
) -> None:
    token = first
    for _ in range(REMEMBERED_MAX):
        assert session.present(token, device_id=DEVICE, at=clock.now()) is TokenUse.CURRENT
        token = rotate(session, token, clock)
    assert session.present(token, device_id=DEVICE, at=clock.now()) is TokenUse.TOO_SOON
    assert opened(session, first) == token.text
    clock.advance(seconds=RETRY_SECONDS_MAX + 0.1)
    assert session.present(token, device_id=DEVICE, at=clock.now()) is TokenUse.CURRENT


def test_a_gap_in_the_chain_does_not_lead_to_the_current_token(
    session: Session, first: RefreshToken, clock: ControlledClock
) -> None:
    """The previous release, which still runs during a rollout, stores only the last used token."""
    second = rotate(session, first, clock)
    third = rotate(session, second, clock)
    session.earlier_used = ()
    rotate(session, third, clock)
    assert session.present(first, device_id=DEVICE, at=clock.now()) is TokenUse.REUSED
    assert session.present(second, device_id=DEVICE, at=clock.now()) is TokenUse.RETRIED


@pytest.mark.clause("RFC 9700 2.2.2")
def test_either_token_from_another_device_is_treated_as_stolen(
    session: Session, first: RefreshToken, clock: ControlledClock
) -> None:
    second = rotate(session, first, clock)
    for token in (first, second):
        assert session.present(token, device_id=uuid4(), at=clock.now()) is TokenUse.WRONG_DEVICE


@pytest.mark.clause("ASVS 10.4.8")
def test_refreshing_never_extends_the_absolute_end(session: Session, first: RefreshToken, clock: ControlledClock) -> None:
    clock.advance(days=6.9)
    second = rotate(session, first, clock)
    clock.advance(days=0.2)
    with pytest.raises(SessionExpired):
        session.present(second, device_id=DEVICE, at=clock.now())


def test_an_ended_session_accepts_no_token_and_announces_its_end_once(
    session: Session, first: RefreshToken, clock: ControlledClock
) -> None:
    session.end(EndReason.SIGNED_OUT, at=clock.now(), access_token_life=ACCESS)
    session.end(EndReason.REPLACED, at=clock.now(), access_token_life=ACCESS)
    with pytest.raises(InvalidRefreshToken):
        session.present(first, device_id=DEVICE, at=clock.now())
    (event,) = session.collect()
    assert isinstance(event, SessionEnded)
    assert (event.reason, event.tokens_valid_until) == ("signed_out", clock.now() + ACCESS)
    assert session.sealed_successor is None


def test_the_successor_can_be_opened_with_the_used_token_only(
    session: Session, first: RefreshToken, clock: ControlledClock
) -> None:
    second = rotate(session, first, clock)
    assert session.sealed_successor
    assert TOKENS.open_successor(first, session.sealed_successor) == second.text
    other = TOKENS.issue(session_id=first.session_id, user_id=first.user_id, generation=1)
    with pytest.raises(UnsealableError):
        TOKENS.open_successor(other, session.sealed_successor)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text[4:],
        lambda text: text + "=",
        lambda _: "elr_",
        lambda _: "ü",
        lambda text: text.replace("elr_", "elr_A"),
    ],
)
def test_only_our_own_encoding_of_our_own_token_is_accepted(first: RefreshToken, change: Callable[[str], str]) -> None:
    assert TOKENS.read(first.text) == first
    with pytest.raises(InvalidRefreshToken):
        TOKENS.read(change(first.text))


def test_a_token_of_another_key_is_not_accepted(first: RefreshToken) -> None:
    with pytest.raises(InvalidRefreshToken):
        SignedRefreshTokens(bytes([1]) * 32).read(first.text)


def test_a_session_with_an_earlier_authentication_lasts_from_its_start(first: RefreshToken, clock: ControlledClock) -> None:
    shown_at = clock.now()
    clock.advance(seconds=299)
    proof = Proof.of(("pwd", "otp"), at=shown_at)
    session = Session.start(first, device_id=DEVICE, proof=proof, life=LIFE, at=clock.now())
    assert (session.authenticated_at, session.started_at, session.last_active_at) == (shown_at, clock.now(), clock.now())
    assert session.expires_at == clock.now() + LIFE
