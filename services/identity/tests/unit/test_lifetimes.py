"""Anything with a lifetime is valid up to its last moment, and no longer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.users.views import UserFilter
from identity.domain.erasure import CONTEXTS, Acknowledgement, Erasure, ErasureReason, ErasureStatus
from identity.domain.errors import RecoveryDecided, SessionExpired
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.passkey import Ceremony, CeremonyKind
from identity.domain.password_reset import PasswordReset
from identity.domain.proof import Proof
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.refresh_token import RefreshToken
from identity.domain.session import EndReason, Session, TokenUse
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.signing_key import SigningKey, active_key
from identity.infrastructure.device_key_challenges import SignedChallenges
from identity.infrastructure.sql.large_totals import LARGE, LargeTotals

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
ID, OTHER, DEVICE_ID = (UUID(int=number) for number in (1, 2, 3))
TOKEN = RefreshToken("first", ID, OTHER, 1, b"first")
MOMENT = timedelta(microseconds=1)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def code() -> OneTimeCode:
    return OneTimeCode.issue(ID, Purpose.EMAIL, user_id=OTHER, target_index=b"index", digest=b"digest", at=AT)


def renewed() -> OneTimeCode:
    made = code()
    assert made.renew(b"digest", at=AT)
    return made


def session() -> Session:
    return Session.start(TOKEN, device_id=DEVICE_ID, proof=Proof.of(("pwd",), at=AT), life=7 * DAY, at=AT)


def refreshes(at: datetime, *, idle_for: timedelta = timedelta.max) -> bool:
    try:
        return session().present(TOKEN, device_id=DEVICE_ID, at=at, idle_for=idle_for) is TokenUse.CURRENT
    except SessionExpired:
        return False


def retries(at: datetime) -> bool:
    made = session()
    made.rotate(RefreshToken("next", ID, OTHER, 2, b"next"), sealed=b"sealed", at=AT)
    return made.present(TOKEN, device_id=DEVICE_ID, at=at) is TokenUse.RETRIED


def decides(at: datetime) -> bool:
    request = RecoveryRequest.ask(ID, OTHER, RecoveryReason.LOST, at=AT)
    assert request.confirm(at=AT)
    assert request.is_open(at=at) is (at < AT + 7 * DAY)
    try:
        request.decide(RecoveryStatus.APPROVED, by=DEVICE_ID, reason="seen", at=at)
    except RecoveryDecided:
        return False
    return True


def challenge() -> SignInChallenge:
    methods, changed = ("pwd",), AT
    return SignInChallenge.issue(
        ID, b"digest", user_id=OTHER, device_id=DEVICE_ID, methods=methods, password_changed_at=changed, enrolment=False, at=AT
    )


def key(**times: Any) -> SigningKey:
    made = SigningKey.announce(ID, public_jwk={}, sealed_private=b"sealed", at=AT)
    vars(made).update(times)
    return made


def ceremony() -> Ceremony:
    return Ceremony.begin(ID, CeremonyKind.STEP_UP, b"challenge", user_id=OTHER, at=AT)


def erasure(**changes: Any) -> Erasure:
    made = Erasure.request(OTHER, by="user", reason=ErasureReason.ASKED, at=AT)
    vars(made).update(changes)
    return made


def known_total(at: datetime) -> bool:
    clock = ControlledClock(AT)
    totals = LargeTotals(clock)
    totals.learn(UserFilter(), LARGE)
    clock.advance(seconds=(at - AT).total_seconds())
    return totals.known(UserFilter()) == LARGE


# Each thing with a lifetime, and how long it is valid from AT.
LIVES: list[Any] = [
    pytest.param(lambda at: code().accept(b"digest", at=at), 10 * MINUTE, id="a code"),
    pytest.param(lambda at: renewed().accept(b"digest", at=at), 10 * MINUTE, id="a code that was sent again"),
    pytest.param(lambda at: code().renew(b"digest", at=at), DAY, id="sending a code again"),
    pytest.param(lambda at: PasswordReset.issue(ID, OTHER, b"digest", at=AT).use(at=at), 10 * MINUTE, id="a reset link"),
    pytest.param(lambda at: challenge().is_open(at=at), 5 * MINUTE, id="a pending sign-in"),
    pytest.param(lambda at: ceremony().take(CeremonyKind.STEP_UP, user_id=OTHER, at=at), 5 * MINUTE, id="a passkey's challenge"),
    pytest.param(decides, 7 * DAY, id="a recovery request"),
    pytest.param(refreshes, 7 * DAY, id="a session"),
    pytest.param(lambda at: refreshes(at, idle_for=DAY), DAY, id="an idle session"),
    # Up to and including the tenth second.
    pytest.param(retries, timedelta(seconds=10) + MOMENT, id="a retry"),
    pytest.param(lambda at: key(retired_at=AT).is_published(at), 20 * MINUTE, id="a retired key"),
    pytest.param(lambda at: not key(activated_at=AT).is_due(at, life=30 * DAY), 30 * DAY, id="a signing key"),
    pytest.param(lambda at: not erasure().ask_again(at=at), 12 * HOUR, id="the wait for a service's answer"),
    pytest.param(
        lambda at: not erasure(status=ErasureStatus.RESTRICTED, restricted_until=AT + DAY).is_due(at), DAY, id="a legal date"
    ),
    pytest.param(known_total, timedelta(seconds=5), id="a large total"),
]


@pytest.mark.parametrize(("holds", "life"), LIVES)
def test_it_is_valid_until_its_end(holds: Callable[[datetime], bool], life: timedelta) -> None:
    assert [holds(AT + life + after) for after in (-life, -MOMENT, timedelta(), MOMENT)] == [True, True, False, False]


def test_a_challenge_for_a_device_key_is_valid_for_five_minutes() -> None:
    made = SignedChallenges(bytes(32)).issue(OTHER, DEVICE_ID, at=AT)
    assert made.expires_at == AT + 5 * MINUTE


def test_a_key_signs_ten_minutes_after_it_was_published() -> None:
    assert key().usable_at == AT + 10 * MINUTE


def test_the_key_that_was_activated_last_signs() -> None:
    older, newer, retired, waiting = (
        key(id=ID, activated_at=AT + HOUR),
        key(id=OTHER, activated_at=AT + 2 * HOUR),
        key(id=DEVICE_ID, activated_at=AT + 3 * HOUR, retired_at=AT + 4 * HOUR),
        key(),
    )
    assert active_key([older, newer, retired, waiting]) is newer
    assert active_key([newer, older]) is newer
    assert active_key([retired, waiting]) is None


@pytest.mark.parametrize(
    ("days", "until"),
    [((None, None, None), 0), ((None, 3, None), 3), ((1, 3, 2), 3), ((3, 1, None), 3)],
    ids=["no law", "one law", "the last of three", "the later of two"],
)
def test_an_erasure_waits_for_the_latest_retention_date(days: tuple[int | None, ...], until: int) -> None:
    made = erasure()
    for number, (context, wait) in enumerate(zip(sorted(CONTEXTS), days, strict=True), start=1):
        date = AT + wait * DAY if wait is not None else None
        assert made.acknowledge(context, Acknowledgement(AT + HOUR, ("ledger",), date))
        # Not before all services have answered; a second answer changes nothing.
        assert not made.acknowledge(context, Acknowledgement(AT + 2 * HOUR, (), AT + 365 * DAY))
        assert (made.status is ErasureStatus.RESTRICTED, made.restricted_until is not None) == (number == 3, number == 3)
    assert made.restricted_until == AT + until * DAY
    answers = [each.document for each in made.acknowledgements.values()]
    assert answers == [
        {
            "acknowledged_at": (AT + HOUR).isoformat(),
            "kept": ["ledger"],
            "retain_until": None if wait is None else (AT + wait * DAY).isoformat(),
        }
        for wait in days
    ]


@pytest.mark.parametrize(("hours", "reason"), [(23, None), (24, EndReason.IDLE), (7 * 24, EndReason.EXPIRED)])
def test_an_overdue_session_states_why_it_ends(hours: int, reason: EndReason | None) -> None:
    assert session().overdue(at=AT + hours * HOUR, idle_for=DAY) == reason
