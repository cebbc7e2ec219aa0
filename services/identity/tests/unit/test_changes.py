"""Each method of the other aggregates changes its own fields and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from identity.domain.device_key import DeviceKey, KeyAlgorithm, RevokeReason
from identity.domain.message import Message, Template
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.passkey import Assertion, Ceremony, CeremonyKind, Passkey
from identity.domain.password_reset import PasswordReset
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.signing_key import SigningKey
from identity.domain.totp import Totp
from services.identity.tests.unit.changes import AT, BEFORE, DEVICE_ID, ID, OTHER, compare

# Within the lifetime of codes and challenges.
SOON = BEFORE + timedelta(minutes=1)


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
    pytest.param(code, tries(b"digest"), {"tries": 1, "used_at": SOON}, id="a code is entered"),
    pytest.param(code, tries(b"wrong", b"digest"), {"tries": 2, "used_at": SOON}, id="a code is entered after a wrong one"),
    pytest.param(code, tries(b"digest", b"digest"), {"tries": 1, "used_at": SOON}, id="a code is entered twice"),
    pytest.param(code, tries(*[b"wrong"] * 4, b"digest"), {"tries": 5, "used_at": SOON}, id="the fifth wrong code"),
    pytest.param(code, tries(*[b"wrong"] * 5, b"digest"), {"tries": 5}, id="the sixth try"),
    pytest.param(lambda: code(decoy=True), tries(b"digest"), {"tries": 1}, id="the code of a decoy"),
    pytest.param(lambda: code(tries=5), lambda made: made.renew(b"next", at=SOON), RENEWED, id="a code is sent again"),
    pytest.param(lambda: code(used_at=BEFORE), lambda made: made.renew(b"next", at=SOON), {}, id="a used code is not sent again"),
    pytest.param(lambda: code(sends=4), lambda made: made.renew(b"next", at=SOON), {**RENEWED, "sends": 5}, id="a fifth sending"),
    pytest.param(lambda: code(sends=5), lambda made: made.renew(b"next", at=SOON), {}, id="no sixth sending"),
    pytest.param(reset, lambda made: made.use(at=SOON), {"used_at": SOON}, id="a link is used"),
    pytest.param(lambda: reset(used_at=BEFORE), lambda made: made.use(at=SOON), {}, id="a link was used"),
    pytest.param(
        ceremony,
        lambda made: made.take(CeremonyKind.STEP_UP, user_id=OTHER, at=SOON),
        {"used_at": SOON},
        id="a challenge is used",
    ),
    pytest.param(
        ceremony, lambda made: made.take(CeremonyKind.SIGN_IN, user_id=OTHER, at=SOON), {}, id="a challenge has another purpose"
    ),
    pytest.param(
        ceremony, lambda made: made.take(CeremonyKind.STEP_UP, user_id=ID, at=SOON), {}, id="a challenge belongs to another user"
    ),
    pytest.param(ceremony, lambda made: made.take(CeremonyKind.STEP_UP, user_id=None, at=SOON), {}, id="a challenge has no user"),
    pytest.param(
        lambda: ceremony(used_at=BEFORE),
        lambda made: made.take(CeremonyKind.STEP_UP, user_id=OTHER, at=SOON),
        {},
        id="a challenge was already used",
    ),
    pytest.param(message, lambda made: made.deliver(at=AT, keep_content=False), {"delivered_at": AT, **GONE}, id="is delivered"),
    pytest.param(
        message,
        lambda made: made.deliver(at=AT, keep_content=True),
        {"delivered_at": AT},
        id="is delivered to the developers' mailbox",
    ),
    pytest.param(message, lambda made: made.fail(at=AT), {"failed_at": AT, **GONE}, id="is given up"),
    pytest.param(passkey, lambda made: made.use(shown(6), at=AT), {"sign_count": 6, "last_used_at": AT}, id="signs"),
    pytest.param(passkey, lambda made: made.use(shown(5), at=AT), {"flagged_at": AT}, id="signs with the same count"),
    pytest.param(passkey, lambda made: made.use(shown(4), at=AT), {"flagged_at": AT}, id="signs with an earlier count"),
    pytest.param(passkey, lambda made: made.use(shown(0), at=AT), {"flagged_at": AT}, id="signs and stops counting"),
    pytest.param(lambda: passkey(sign_count=0), lambda made: made.use(shown(0), at=AT), {"last_used_at": AT}, id="never counts"),
    pytest.param(lambda: passkey(flagged_at=BEFORE), lambda made: made.use(shown(9), at=AT), {}, id="was flagged"),
    pytest.param(passkey, lambda made: made.use(shown(9, eligible=True), at=AT), {}, id="is now another kind of key"),
    pytest.param(
        lambda: passkey(backup_eligible=True),
        lambda made: made.use(Assertion(6, backup_eligible=True, backed_up=True), at=AT),
        {"sign_count": 6, "last_used_at": AT, "backed_up": True},
        id="is now backed up",
    ),
    pytest.param(
        lambda: passkey(backup_eligible=None),
        lambda made: made.use(shown(6, eligible=True), at=AT),
        {"sign_count": 6, "last_used_at": AT, "backup_eligible": True},
        id="reports what was not stored before",
    ),
    pytest.param(passkey, lambda made: made.rename("other"), {"name": "other"}, id="has another name"),
    pytest.param(
        device_key,
        lambda made: [made.revoke(reason, at=AT) for reason in (RevokeReason.ASKED, RevokeReason.REPLACED)],
        REVOKED,
        id="is revoked once",
    ),
    pytest.param(challenge, lambda made: made.fail(at=AT), {"tries": 1}, id="fails"),
    pytest.param(
        challenge, lambda made: [made.fail(at=AT) for _ in range(5)], {"tries": 5, "finished_at": AT}, id="fails five times"
    ),
    pytest.param(challenge, lambda made: made.finish(at=AT), {"finished_at": AT}, id="is finished"),
    pytest.param(signing_key, lambda made: made.activate(at=AT), {"activated_at": AT}, id="signs tokens"),
    pytest.param(signing_key, lambda made: made.retire(at=AT), {"retired_at": AT}, id="stops signing tokens"),
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
        lambda: Totp(OTHER, BEFORE, BEFORE, last_step=7), lambda made: made.accept(8), {"last_step": 8}, id="accepts a time step"
    ),
    pytest.param(
        lambda: Totp(OTHER, BEFORE, BEFORE, last_step=7), lambda made: made.accept(7), {}, id="accepts no time step twice"
    ),
]


@pytest.mark.parametrize(("make", "verb", "changes"), OTHERS)
def test_each_method_changes_only_its_own_fields(
    make: Callable[[], Any], verb: Callable[[Any], object], changes: dict[str, Any]
) -> None:
    compare(make(), verb, changes)
