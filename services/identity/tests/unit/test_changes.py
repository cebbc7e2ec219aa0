"""What each verb of an aggregate changes: that, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from identity.domain.device import Device
from identity.domain.device_key import DeviceKey, KeyAlgorithm, RevokeReason
from identity.domain.message import Message, Template
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.passkey import Assertion, Ceremony, CeremonyKind, Passkey
from identity.domain.password_reset import PasswordReset
from identity.domain.proof import Proof
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.refresh_token import RefreshToken, UsedToken
from identity.domain.session import EndReason, Session
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.signing_key import SigningKey
from identity.domain.totp import Totp
from identity.domain.user import InitialRole, User, UserStatus

BEFORE = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
AT = BEFORE + timedelta(hours=1)
# While codes and challenges live.
SOON = BEFORE + timedelta(minutes=1)
ID, OTHER, DEVICE_ID = (UUID(int=number) for number in (1, 2, 3))
TOKEN = RefreshToken("first", ID, OTHER, 1, b"first")
NEXT = RefreshToken("next", ID, OTHER, 2, b"next")
THIRD = RefreshToken("third", ID, OTHER, 3, b"third")
LIFE = timedelta(days=7)


def state(of: object) -> dict[str, Any]:
    return {name: value for name, value in vars(of).items() if not name.startswith("_")}


def compare(made: Any, verb: Callable[[Any], object], changes: dict[str, Any]) -> None:
    before = state(made)
    verb(made)
    assert state(made) == {**before, **changes}


def user(**changes: Any) -> User:
    """Somebody of whom all that there can be is noted, at an earlier time."""
    made = User.register(
        user_id=ID,
        username="ndapewa",
        password_hash="$argon2id$first",
        wallet_address=OTHER,
        initial_role=InitialRole.USER,
        agreed_terms_at=BEFORE,
        at=BEFORE,
    )
    made.collect()
    noted = {"last_sign_in_at": BEFORE, "email_verified_at": BEFORE, "phone_verified_at": BEFORE, "second_factor_since": BEFORE}
    vars(made).update({**noted, **changes})
    return made


USERS: list[Any] = [
    pytest.param(user, lambda made: made.gain_factor(at=AT), {}, id="gains one more factor"),
    pytest.param(
        lambda: user(second_factor_since=None),
        lambda made: made.gain_factor(at=AT),
        {"second_factor_since": AT, "factors_version": 1},
        id="gains a first factor",
    ),
    pytest.param(
        lambda: user(factors_version=1),
        lambda made: made.lose_factor(last=False, at=AT),
        {"factors_version": 2},
        id="loses a factor",
    ),
    pytest.param(
        user,
        lambda made: made.lose_factor(last=True, at=AT),
        {"second_factor_since": None, "factors_version": 1},
        id="loses the last factor",
    ),
    pytest.param(user, lambda made: made.note_sign_in(at=AT), {"last_sign_in_at": AT}, id="signs in"),
    pytest.param(user, lambda made: made.verify_email(at=AT), {"email_verified_at": AT, "version": 2}, id="verifies email"),
    pytest.param(user, lambda made: made.verify_phone(at=AT), {"phone_verified_at": AT, "version": 2}, id="verifies phone"),
    pytest.param(user, lambda made: made.change_details(username=None), {"username": None, "version": 2}, id="changes details"),
    pytest.param(user, lambda made: made.lose_phone(), {"version": 2}, id="loses the number"),
    pytest.param(
        user,
        lambda made: made.change_password("$argon2id$next", at=AT),
        {"password_hash": "$argon2id$next", "password_changed_at": AT, "version": 2},
        id="changes the password",
    ),
    pytest.param(
        user,
        lambda made: made.strengthen_hash("$argon2id$same"),
        {"password_hash": "$argon2id$same"},
        id="has the same password under another hash",
    ),
    pytest.param(user, lambda made: made.suspend("r", at=AT), {"status": UserStatus.SUSPENDED, "version": 2}, id="is suspended"),
    pytest.param(
        lambda: user(status=UserStatus.SUSPENDED),
        lambda made: made.activate("r", at=AT),
        {"status": UserStatus.ACTIVE, "version": 2},
        id="is activated",
    ),
    pytest.param(
        user,
        lambda made: made.delete("r", at=AT),
        {"status": UserStatus.DELETED, "deleted_at": AT, "suspended_at_deletion": False, "version": 2},
        id="is deleted",
    ),
    pytest.param(
        lambda: user(status=UserStatus.SUSPENDED),
        lambda made: made.delete("r", at=AT),
        {"status": UserStatus.DELETED, "deleted_at": AT, "suspended_at_deletion": True, "version": 2},
        id="is deleted while suspended",
    ),
    pytest.param(
        lambda: user(status=UserStatus.DELETED, deleted_at=BEFORE, suspended_at_deletion=False),
        lambda made: made.restore("r", at=AT),
        {"status": UserStatus.ACTIVE, "deleted_at": None, "suspended_at_deletion": None, "version": 2},
        id="is restored",
    ),
    pytest.param(
        lambda: user(status=UserStatus.DELETED, deleted_at=BEFORE, suspended_at_deletion=True),
        lambda made: made.restore("r", at=AT),
        {"status": UserStatus.SUSPENDED, "deleted_at": None, "suspended_at_deletion": None, "version": 2},
        id="is restored as it was: suspended",
    ),
    pytest.param(
        lambda: user(status=UserStatus.DELETED, deleted_at=BEFORE),
        lambda made: made.restore("r", at=AT),
        {"status": UserStatus.SUSPENDED, "deleted_at": None, "version": 2},
        id="is restored, and how it was is not known",
    ),
    pytest.param(user, lambda made: made.restrict(at=AT), {"status": UserStatus.RESTRICTED, "version": 2}, id="is restricted"),
    pytest.param(
        lambda: user(status=UserStatus.RESTRICTED),
        lambda made: made.erase(at=AT),
        {
            "status": UserStatus.ERASED,
            "version": 2,
            "username": None,
            "password_hash": "$argon2id$erased",
            "email_verified_at": None,
            "phone_verified_at": None,
            "second_factor_since": None,
        },
        id="is erased",
    ),
]


@pytest.mark.parametrize(("make", "verb", "changes"), USERS)
def test_of_a_user(make: Callable[[], User], verb: Callable[[Any], object], changes: dict[str, Any]) -> None:
    compare(make(), verb, changes)


def device(**changes: Any) -> Device:
    made = Device.register(OTHER, DEVICE_ID, at=BEFORE)
    vars(made).update(name="sealed", **changes)
    return made


DEVICES: list[Any] = [
    pytest.param(device, lambda made: made.record_sign_in(at=AT), {"last_seen_at": AT}, id="is seen"),
    # From before it was noted since when a device is known.
    pytest.param(
        lambda: device(known_since=None),
        lambda made: made.record_sign_in(at=AT),
        {"last_seen_at": AT, "known_since": BEFORE},
        id="is old",
    ),
    pytest.param(
        lambda: device(revoked_at=BEFORE),
        lambda made: made.record_sign_in(at=AT),
        {"last_seen_at": AT, "known_since": AT, "revoked_at": None},
        id="is met anew",
    ),
    pytest.param(device, lambda made: made.rename("other"), {"name": "other"}, id="is renamed"),
    pytest.param(device, lambda made: made.revoke(at=AT), {"revoked_at": AT}, id="is revoked"),
    pytest.param(
        lambda: device(revoked_at=BEFORE, known_since=BEFORE), lambda made: made.revoke(at=AT), {}, id="is revoked a second time"
    ),
]


@pytest.mark.parametrize(("make", "verb", "changes"), DEVICES)
def test_of_a_device(make: Callable[[], Device], verb: Callable[[Any], object], changes: dict[str, Any]) -> None:
    compare(make(), verb, changes)


def session() -> Session:
    return Session.start(TOKEN, device_id=DEVICE_ID, proof=Proof.of(("pwd",), at=BEFORE), life=LIFE, at=BEFORE)


SESSIONS: list[Any] = [
    pytest.param(
        lambda made: made.rotate(NEXT, sealed=b"sealed", at=AT, seen_from=b"from"),
        {
            "generation": 2,
            "current_digest": b"next",
            "previous_digest": b"first",
            "sealed_successor": b"sealed",
            "rotated_at": AT,
            "seen_from": b"from",
        },
        id="is refreshed",
    ),
    pytest.param(
        lambda made: [made.rotate(next_, sealed=next_.digest, at=AT) for next_ in (NEXT, THIRD)],
        {
            "generation": 3,
            "current_digest": b"third",
            "previous_digest": b"next",
            "sealed_successor": b"third",
            "rotated_at": AT,
            "earlier_used": (UsedToken(1, b"first", b"next", AT),),
        },
        id="is refreshed twice",
    ),
    pytest.param(
        lambda made: made.prove_again(("pwd", "otp"), at=AT),
        {"authenticated_at": AT, "methods": ("pwd", "otp", "mfa"), "earlier_proofs": (Proof.of(("pwd",), at=BEFORE),)},
        id="is proven again",
    ),
    pytest.param(
        lambda made: [made.end(reason, at=AT, access_token_life=LIFE) for reason in (EndReason.REVOKED, EndReason.IDLE)],
        {"ended_at": AT, "end_reason": "revoked"},
        id="ends",
    ),
]


def test_of_a_session_that_starts() -> None:
    assert state(session()) == {
        "id": ID,
        "user_id": OTHER,
        "device_id": DEVICE_ID,
        "generation": 1,
        "current_digest": b"first",
        "previous_digest": None,
        "sealed_successor": None,
        "rotated_at": None,
        "authenticated_at": BEFORE,
        "methods": ("pwd",),
        "started_at": BEFORE,
        "expires_at": BEFORE + LIFE,
        "ended_at": None,
        "end_reason": None,
        "passkey_id": None,
        "earlier_proofs": (),
        "earlier_used": (),
        "started_from": None,
        "seen_from": None,
        "known_device": False,
    }


@pytest.mark.parametrize(("verb", "changes"), SESSIONS)
def test_of_a_session(verb: Callable[[Any], object], changes: dict[str, Any]) -> None:
    compare(session(), verb, changes)


def message() -> Message:
    return Message(ID, OTHER, Template.VERIFY_EMAIL, b"index", b"sealed", sealed_for_subject=True)


def passkey(**changes: Any) -> Passkey:
    usual: dict[str, Any] = {
        "sign_count": 5,
        "backed_up": False,
        "backup_eligible": False,
        "name": "sealed",
        "created_at": BEFORE,
    }
    return Passkey(ID, OTHER, b"credential", b"key", **{**usual, **changes})


def shown(count: int, *, eligible: bool = False) -> Assertion:
    return Assertion(count, backup_eligible=eligible, backed_up=False)


def device_key() -> DeviceKey:
    return DeviceKey.register(OTHER, DEVICE_ID, KeyAlgorithm.ED25519, b"key", at=BEFORE)


def challenge() -> SignInChallenge:
    return SignInChallenge.issue(
        ID,
        b"digest",
        user_id=OTHER,
        device_id=DEVICE_ID,
        methods=("pwd",),
        password_changed_at=BEFORE,
        enrolment=False,
        at=BEFORE,
    )


def signing_key() -> SigningKey:
    return SigningKey.announce(ID, public_jwk={}, sealed_private=b"sealed", at=BEFORE)


def asked_recovery() -> RecoveryRequest:
    return RecoveryRequest.ask(ID, OTHER, RecoveryReason.LOST, at=BEFORE)


def recovery() -> RecoveryRequest:
    request = asked_recovery()
    assert request.confirm(at=BEFORE)
    return request


def code(**changes: Any) -> OneTimeCode:
    made = OneTimeCode.issue(ID, Purpose.EMAIL, user_id=OTHER, target_index=b"index", digest=b"digest", at=BEFORE)
    vars(made).update(changes)
    return made


def reset(**changes: Any) -> PasswordReset:
    made = PasswordReset.issue(ID, OTHER, b"digest", at=BEFORE)
    vars(made).update(changes)
    return made


def ceremony(**changes: Any) -> Ceremony:
    made = Ceremony.begin(ID, CeremonyKind.STEP_UP, b"challenge", user_id=OTHER, at=BEFORE)
    vars(made).update(changes)
    return made


def tries(*digests: bytes) -> Callable[[Any], object]:
    return lambda made: [made.accept(digest, at=SOON) for digest in digests]


GONE = {"sealed": None, "recipient_index": None}
REVOKED = {"revoked_at": AT, "revoke_reason": RevokeReason.ASKED}
DECIDED = {"status": RecoveryStatus.APPROVED, "decided_at": AT, "decided_by": DEVICE_ID, "decision_reason": "seen"}
RENEWED = {"digest": b"next", "tries": 0, "sends": 2, "sent_at": SOON, "expires_at": SOON + timedelta(minutes=10)}
OTHERS: list[Any] = [
    pytest.param(code, tries(b"digest"), {"tries": 1, "used_at": SOON}, id="a code is shown"),
    pytest.param(code, tries(b"wrong", b"digest"), {"tries": 2, "used_at": SOON}, id="a code is shown after a wrong one"),
    pytest.param(code, tries(b"digest", b"digest"), {"tries": 1, "used_at": SOON}, id="a code is shown twice"),
    pytest.param(code, tries(*[b"wrong"] * 4, b"digest"), {"tries": 5, "used_at": SOON}, id="a code is the fifth try"),
    pytest.param(code, tries(*[b"wrong"] * 5, b"digest"), {"tries": 5}, id="a code is the sixth try"),
    pytest.param(lambda: code(decoy=True), tries(b"digest"), {"tries": 1}, id="a code is a decoy"),
    pytest.param(lambda: code(tries=5), lambda made: made.renew(b"next", at=SOON), RENEWED, id="a code is renewed"),
    pytest.param(lambda: code(used_at=BEFORE), lambda made: made.renew(b"next", at=SOON), {}, id="a used code is not"),
    pytest.param(lambda: code(sends=4), lambda made: made.renew(b"next", at=SOON), {**RENEWED, "sends": 5}, id="a fifth sending"),
    pytest.param(lambda: code(sends=5), lambda made: made.renew(b"next", at=SOON), {}, id="no sixth sending"),
    pytest.param(reset, lambda made: made.use(at=SOON), {"used_at": SOON}, id="a link is used"),
    pytest.param(lambda: reset(used_at=BEFORE), lambda made: made.use(at=SOON), {}, id="a link was used"),
    pytest.param(
        ceremony,
        lambda made: made.take(CeremonyKind.STEP_UP, user_id=OTHER, at=SOON),
        {"used_at": SOON},
        id="a challenge serves",
    ),
    pytest.param(
        ceremony, lambda made: made.take(CeremonyKind.SIGN_IN, user_id=OTHER, at=SOON), {}, id="a challenge is for something else"
    ),
    pytest.param(ceremony, lambda made: made.take(CeremonyKind.STEP_UP, user_id=ID, at=SOON), {}, id="a challenge is another's"),
    pytest.param(ceremony, lambda made: made.take(CeremonyKind.STEP_UP, user_id=None, at=SOON), {}, id="a challenge is nobody's"),
    pytest.param(
        lambda: ceremony(used_at=BEFORE),
        lambda made: made.take(CeremonyKind.STEP_UP, user_id=OTHER, at=SOON),
        {},
        id="a challenge was taken",
    ),
    pytest.param(message, lambda made: made.deliver(at=AT, keep_content=False), {"delivered_at": AT, **GONE}, id="is delivered"),
    pytest.param(message, lambda made: made.deliver(at=AT, keep_content=True), {"delivered_at": AT}, id="is kept"),
    pytest.param(message, lambda made: made.fail(at=AT), {"failed_at": AT, **GONE}, id="is given up"),
    pytest.param(passkey, lambda made: made.use(shown(6), at=AT), {"sign_count": 6, "last_used_at": AT}, id="signs"),
    pytest.param(passkey, lambda made: made.use(shown(5), at=AT), {"flagged_at": AT}, id="signs with the same count"),
    pytest.param(passkey, lambda made: made.use(shown(4), at=AT), {"flagged_at": AT}, id="signs with an earlier count"),
    pytest.param(passkey, lambda made: made.use(shown(0), at=AT), {"flagged_at": AT}, id="signs and counts no more"),
    pytest.param(lambda: passkey(sign_count=0), lambda made: made.use(shown(0), at=AT), {"last_used_at": AT}, id="never counts"),
    pytest.param(lambda: passkey(flagged_at=BEFORE), lambda made: made.use(shown(9), at=AT), {}, id="was flagged"),
    pytest.param(passkey, lambda made: made.use(shown(9, eligible=True), at=AT), {}, id="is another kind of key by now"),
    pytest.param(
        lambda: passkey(backup_eligible=True),
        lambda made: made.use(Assertion(6, backup_eligible=True, backed_up=True), at=AT),
        {"sign_count": 6, "last_used_at": AT, "backed_up": True},
        id="is backed up by now",
    ),
    pytest.param(
        lambda: passkey(backup_eligible=None),
        lambda made: made.use(shown(6, eligible=True), at=AT),
        {"sign_count": 6, "last_used_at": AT, "backup_eligible": True},
        id="tells what was not kept",
    ),
    pytest.param(passkey, lambda made: made.rename("other"), {"name": "other"}, id="has another name"),
    pytest.param(
        device_key,
        lambda made: [made.revoke(reason, at=AT) for reason in (RevokeReason.ASKED, RevokeReason.REPLACED)],
        REVOKED,
        id="signs no more",
    ),
    pytest.param(challenge, lambda made: made.fail(at=AT), {"tries": 1}, id="fails"),
    pytest.param(
        challenge, lambda made: [made.fail(at=AT) for _ in range(5)], {"tries": 5, "finished_at": AT}, id="fails five times"
    ),
    pytest.param(challenge, lambda made: made.finish(at=AT), {"finished_at": AT}, id="is finished"),
    pytest.param(signing_key, lambda made: made.activate(at=AT), {"activated_at": AT}, id="signs tokens"),
    pytest.param(signing_key, lambda made: made.retire(at=AT), {"retired_at": AT}, id="signs tokens no more"),
    pytest.param(asked_recovery, lambda made: made.confirm(at=AT), {"confirmed_at": AT}, id="is confirmed by its mailbox"),
    pytest.param(recovery, lambda made: made.confirm(at=AT), {}, id="is not confirmed twice"),
    pytest.param(
        recovery, lambda made: made.decide(RecoveryStatus.APPROVED, by=DEVICE_ID, reason="seen", at=AT), DECIDED, id="is decided"
    ),
    pytest.param(
        lambda: Totp.begin(OTHER, at=BEFORE),
        lambda made: made.confirm(7, at=AT),
        {"confirmed_at": AT, "last_step": 7},
        id="is confirmed",
    ),
    pytest.param(lambda: Totp.begin(OTHER, at=BEFORE), lambda made: made.accept(7), {}, id="is not confirmed"),
    pytest.param(
        lambda: Totp(OTHER, BEFORE, BEFORE, last_step=7), lambda made: made.accept(8), {"last_step": 8}, id="takes a step"
    ),
    pytest.param(lambda: Totp(OTHER, BEFORE, BEFORE, last_step=7), lambda made: made.accept(7), {}, id="takes none twice"),
]


@pytest.mark.parametrize(("make", "verb", "changes"), OTHERS)
def test_of_others(make: Callable[[], Any], verb: Callable[[Any], object], changes: dict[str, Any]) -> None:
    compare(make(), verb, changes)
