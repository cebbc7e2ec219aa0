"""Payments' settings: their defaults, and their effect."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from payments.application.ports.transfers import Terms
from payments.domain.payer_policy import PayerPolicy
from payments.settings import PaymentsSettings


def test_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELCORP_APPROVAL_KEY")
    settings = PaymentsSettings()
    found = {name: getattr(settings, name) for name in PaymentsSettings.__annotations__ if name.islower()}
    assert found == {
        "batch_max": 200,
        "waiting_max": 2000,
        "hold_days": 7,
        "approval_hours": 72,
        "signature_required_above": {},
        "strong_sign_in_above": {},
        "projection_seconds_max": 6,
        "approval_key": SecretStr(""),
        "approval_key_file": None,
    }
    assert settings.terms == Terms(hold_life=timedelta(days=7), approval_life=timedelta(hours=72))


def test_terms_and_policy_follow_the_settings() -> None:
    signed, strong = {"NAD": Decimal(5)}, {"USD": Decimal(7)}
    settings = PaymentsSettings(hold_days=3, approval_hours=5, signature_required_above=signed, strong_sign_in_above=strong)
    assert settings.terms == Terms(hold_life=timedelta(days=3), approval_life=timedelta(hours=5))
    assert settings.payer_policy == PayerPolicy(signed_above=signed, strong_above=strong)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("batch_max", 1, 1000),
        ("waiting_max", 1, 100_000),
        ("hold_days", 1, 31),
        ("approval_hours", 1, 720),
        ("projection_seconds_max", 0, 30),
    ],
)
def test_a_setting_outside_its_range_is_refused(name: str, least: int, most: int) -> None:
    def setting(value: int) -> Any:
        return getattr(PaymentsSettings(**{name: value}), name)  # type: ignore[arg-type]

    assert (setting(least), setting(most)) == (least, most)
    for value in (least - 1, most + 1):
        with pytest.raises(ValidationError):
            setting(value)
