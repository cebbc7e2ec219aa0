"""Each method of a device and of a session changes its own fields and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from identity.domain.device import Device
from identity.domain.proof import Proof
from identity.domain.refresh_token import RefreshToken, UsedToken
from identity.domain.session import EndReason, Session
from services.identity.tests.unit.changes import AT, BEFORE, DEVICE_ID, ID, OTHER, compare, state

TOKEN = RefreshToken("first", ID, OTHER, 1, b"first")

NEXT = RefreshToken("next", ID, OTHER, 2, b"next")

THIRD = RefreshToken("third", ID, OTHER, 3, b"third")

LIFE = timedelta(days=7)


def device(**changes: Any) -> Device:
    made = Device.register(OTHER, DEVICE_ID, at=BEFORE)
    vars(made).update(name="sealed", **changes)
    return made


DEVICES: list[Any] = [
    pytest.param(device, lambda made: made.record_sign_in(at=AT), {"last_seen_at": AT}, id="signs in"),
    # From before devices recorded since when they are known.
    pytest.param(
        lambda: device(known_since=None),
        lambda made: made.record_sign_in(at=AT),
        {"last_seen_at": AT, "known_since": BEFORE},
        id="from an earlier release, signs in",
    ),
    pytest.param(
        lambda: device(revoked_at=BEFORE),
        lambda made: made.record_sign_in(at=AT),
        {"last_seen_at": AT, "known_since": AT, "revoked_at": None},
        id="signs in after it was revoked",
    ),
    pytest.param(device, lambda made: made.rename("other"), {"name": "other"}, id="is renamed"),
    pytest.param(device, lambda made: made.revoke(at=AT), {"revoked_at": AT}, id="is revoked"),
    pytest.param(
        lambda: device(revoked_at=BEFORE, known_since=BEFORE), lambda made: made.revoke(at=AT), {}, id="is revoked a second time"
    ),
]


@pytest.mark.parametrize(("make", "verb", "changes"), DEVICES)
def test_each_method_of_a_device_changes_only_its_own_fields(
    make: Callable[[], Device], verb: Callable[[Any], object], changes: dict[str, Any]
) -> None:
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
        id="is stepped up",
    ),
    pytest.param(
        lambda made: [made.end(reason, at=AT, access_token_life=LIFE) for reason in (EndReason.REVOKED, EndReason.IDLE)],
        {"ended_at": AT, "end_reason": "revoked"},
        id="ends",
    ),
    pytest.param(lambda made: made.act_for(OTHER), {"organization_id": OTHER}, id="acts for an organization"),
]


def test_a_new_session_has_exactly_these_fields() -> None:
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
        "organization_id": None,
    }


@pytest.mark.parametrize(("verb", "changes"), SESSIONS)
def test_each_method_of_a_session_changes_only_its_own_fields(verb: Callable[[Any], object], changes: dict[str, Any]) -> None:
    compare(session(), verb, changes)
