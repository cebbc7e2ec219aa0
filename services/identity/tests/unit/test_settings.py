"""The range and the default of each setting."""

import pytest
from pydantic import ValidationError

from identity.application.factors.required_factors import RequiredOf
from identity.settings import IdentitySettings

# The default, the minimum and the maximum.
LIMITS = {
    "access_token_seconds": (900, 60, 900),
    "session_days": (7, 1, 7),
    "session_idle_minutes": (1440, 20, 10_080),
    "signing_key_days": (30, 1, 365),
    "login_attempts_per_hour": (10, 1, 100_000),
    "login_failures_per_hour_of_address": (100, 1, 1_000_000),
    "login_failures_in_a_row": (100, 1, 100),
    "attempts_recorded_singly": (1, 1, 100_000),
    "acts_recorded_singly": (10, 1, 100_000),
    "password_length_min": (12, 12, 64),
    "password_length_min_single_factor": (12, 12, 64),
    "argon2_memory_kib": (19_456, 8, 1_048_576),
    "argon2_passes": (2, 1, 20),
    "hash_workers": (2, 1, 16),
    "hash_waiting_max": (32, 1, 1024),
    "smtp_port": (587, 1, 65_535),
}
OTHERS = {
    "rest_port": 8101,
    "grpc_port": 9101,
    "ops_port": 8201,
    "admin_email": "admin@elcorp.na",
    "admin_password": None,
    "mfa_required_of": RequiredOf.NOBODY,
    "passkey_domain": "localhost",
    "passkey_origins": ("http://localhost:8000",),
    "reset_page": "http://localhost:8000/reset-password",
    "undo_page": "http://localhost:8000/undo-email-change",
    "password_complexity": True,
    "hash_memory_kept": False,
    "mail_from": "Elcorp Namibia <no-reply@elcorp.na>",
    "smtp_host": None,
    "smtp_security": "starttls",
    "smtp_username": None,
    "smtp_password": None,
    "sms_url": None,
    "sms_token": None,
    "sms_from": "Elcorp",
}


def test_every_setting_of_identity_has_its_default() -> None:
    own = set(IdentitySettings.__annotations__) - {"NAME", "PEERS", "CHECKED_IN_USE"}
    defaults = {name: IdentitySettings.model_fields[name].default for name in own}
    assert defaults == {**OTHERS, **{name: default for name, (default, _, _) in LIMITS.items()}}


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_number_out_of_range_is_refused(name: str) -> None:
    _, least, most = LIMITS[name]
    for number in (least, most):
        assert getattr(IdentitySettings.model_validate({name: number}), name) == number
    for number in (least - 1, most + 1):
        with pytest.raises(ValidationError) as refused:
            IdentitySettings.model_validate({name: number})
        assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_durations_use_the_unit_in_their_settings_name() -> None:
    given = {"access_token_seconds": 61, "session_days": 2, "session_idle_minutes": 30, "signing_key_days": 3}
    settings = IdentitySettings.model_validate(given)
    lives = (settings.access_token_life, settings.session_life, settings.session_idle, settings.signing_key_life)
    assert [life.total_seconds() for life in lives] == [61, 2 * 86_400, 1800, 3 * 86_400]


@pytest.mark.parametrize(
    ("environment", "setting", "asked"),
    [
        ("local", RequiredOf.NOBODY, RequiredOf.NOBODY),
        ("local", RequiredOf.PRIVILEGED, RequiredOf.PRIVILEGED),
        ("staging", RequiredOf.NOBODY, RequiredOf.PRIVILEGED),
        ("production", RequiredOf.NOBODY, RequiredOf.PRIVILEGED),
        ("production", RequiredOf.EVERYONE, RequiredOf.EVERYONE),
    ],
)
def test_outside_local_privileged_users_always_need_a_second_factor(
    environment: str, setting: RequiredOf, asked: RequiredOf
) -> None:
    given = {"environment": environment, "mfa_required_of": setting}
    assert IdentitySettings().model_copy(update=given).must_have_two is asked


@pytest.mark.parametrize(("environment", "kept"), [("local", True), ("staging", False), ("production", False)])
def test_messages_are_stored_for_developers_only(environment: str, kept: bool) -> None:
    assert IdentitySettings().model_copy(update={"environment": environment}).has_mailbox is kept
