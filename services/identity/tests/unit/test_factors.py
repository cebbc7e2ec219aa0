"""Second factors and recovery in the domain: use, counts and expiry."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.testing.clocks import ControlledClock
from identity.domain.device import Device
from identity.domain.email_undo import SUSPECT_FOR, EmailUndo
from identity.domain.errors import RecoveryDecided, RecoveryUnconfirmed
from identity.domain.passkey import Assertion, Passkey, PasskeyUse
from identity.domain.recovery_request import LIFE, RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.totp import Totp
from identity.infrastructure.one_time_secrets import KeyedBackupCodes, RandomSecrets
from identity.infrastructure.totp import PyotpCodes
from kernel.clock import SystemClock

NOW = SystemClock().now()
# RFC 6238 appendix B, SHA-1, last six digits; the secret is "12345678901234567890".
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]


@pytest.mark.clause("RFC 6238 5.2")
@given(st.lists(st.integers(min_value=0, max_value=40)))
def test_time_steps_only_go_forward(steps: list[int]) -> None:
    totp = Totp.begin(uuid4(), at=NOW)
    assert not totp.accept(10)
    totp.confirm(5, at=NOW)
    accepted = [step for step in steps if totp.accept(step)]
    assert accepted == sorted(set(accepted))
    assert not [step for step in accepted if step <= 5]


@pytest.mark.clause("ASVS 6.5.3", "ASVS 6.5.8")
@pytest.mark.parametrize(("seconds", "code"), RFC_VECTORS)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    at = NOW.fromtimestamp(seconds, NOW.tzinfo)
    codes = PyotpCodes()
    assert codes.step_of(RFC_SECRET, code, at=at) == seconds // 30
    assert codes.step_of(RFC_SECRET, code, at=at + timedelta(seconds=30)) == seconds // 30
    assert codes.step_of(RFC_SECRET, code, at=at + timedelta(seconds=60)) is None


@pytest.mark.parametrize("code", ["", "٣٤٥٦٧٨", "12345", "1234567"])
def test_text_that_is_not_a_code_is_wrong(code: str) -> None:
    assert PyotpCodes().step_of(RFC_SECRET, code, at=NOW) is None


@pytest.mark.clause("ASVS 6.5.2")
def test_backup_codes_differ_and_their_digests_depend_on_key_user_and_code() -> None:
    maker, user_id = KeyedBackupCodes(bytes(32)), uuid4()
    codes = maker.make()
    assert len({*codes, *maker.make()}) == 20
    digest = maker.digest(user_id, codes[0])
    assert digest == maker.digest(user_id, f" {codes[0].replace('-', '').lower()} ")
    others = (maker.digest(uuid4(), codes[0]), KeyedBackupCodes(bytes(range(32))).digest(user_id, codes[0]))
    assert digest not in others


@pytest.mark.clause("ASVS 6.4.2", "ASVS 6.4.3")
def test_links_have_256_random_bits() -> None:
    secrets = {RandomSecrets().issue().text for _ in range(100)}
    assert (len(secrets), {len(secret) for secret in secrets}) == (100, {43})


@pytest.mark.clause("WebAuthn 7.2")
@given(st.lists(st.integers(min_value=0, max_value=20), min_size=1))
def test_a_signature_counter_that_goes_back_is_detected(counts: list[int]) -> None:
    passkey = Passkey(uuid4(), uuid4(), b"id", b"key", 0, backed_up=False, name="key", created_at=NOW)
    seen = 0
    for count in counts:
        held = passkey.use(Assertion(count, backup_eligible=False, backed_up=False), at=NOW) is PasskeyUse.ACCEPTED
        if passkey.flagged_at:
            assert not held
        else:
            assert held
            assert count > seen or count == seen == 0
            seen = count


def test_a_recovery_is_confirmed_once_and_decided_once_within_a_week(clock: ControlledClock) -> None:
    request = RecoveryRequest.ask(uuid4(), uuid4(), RecoveryReason.LOST, at=clock.now())
    with pytest.raises(RecoveryUnconfirmed):
        request.decide(RecoveryStatus.REJECTED, by=uuid4(), reason="early", at=clock.now())
    assert not request.confirm(at=clock.now() + LIFE)
    assert [request.confirm(at=clock.now()) for _ in range(2)] == [True, False]
    with pytest.raises(RecoveryDecided):
        request.decide(RecoveryStatus.APPROVED, by=uuid4(), reason="late", at=clock.now() + LIFE)
    request.decide(RecoveryStatus.REJECTED, by=uuid4(), reason="unknown", at=clock.now())
    with pytest.raises(RecoveryDecided):
        request.decide(RecoveryStatus.APPROVED, by=uuid4(), reason="again", at=clock.now())
    assert request.status is RecoveryStatus.REJECTED


def test_an_earlier_password_undoes_a_change_unless_it_was_replaced_on_a_known_device(clock: ControlledClock) -> None:
    at = clock.now()
    on_any, on_known = (EmailUndo.issue(uuid4(), uuid4(), b"digest", at=at, from_known_device=known) for known in (False, True))
    assert (at - on_any.passwords_since, at - on_known.passwords_since) == (SUSPECT_FOR, timedelta())
    assert on_any.suspect_since == on_known.suspect_since == at - SUSPECT_FOR


def test_a_device_counts_as_long_known_72_hours_after_it_was_registered_or_reactivated(clock: ControlledClock) -> None:
    met = clock.now()
    device = Device.register(uuid4(), uuid4(), at=met)
    assert [device.is_long_known(at=met + timedelta(hours=72, seconds=after)) for after in (-1, 0)] == [False, True]
    again = met + timedelta(days=10)
    assert device.revoke(at=again)
    assert not device.is_long_known(at=again)
    assert device.record_sign_in(at=again)
    assert [device.is_long_known(at=again + timedelta(hours=72, seconds=after)) for after in (-1, 0)] == [False, True]
    # Devices registered before revocation was recorded have no such time.
    device.known_since = None
    assert device.is_long_known(at=again)
