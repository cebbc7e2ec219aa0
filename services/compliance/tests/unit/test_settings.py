"""The defaults of compliance's settings, and their allowed values."""

from typing import Any

import pytest
from pydantic import ValidationError

from compliance.settings import ComplianceSettings


def test_the_default_name_and_intervals_of_the_log() -> None:
    settings = ComplianceSettings()
    found = {name: getattr(settings, name) for name in ComplianceSettings.__annotations__ if name.islower()}
    # The name is in every checkpoint and stored with the key, so another name means another log.
    assert found == {
        "log_origin": "elcorp.na/audit",
        "append_batch_max": 500,
        "append_wait_ms_max": 100,
        "checkpoint_seconds": 0.5,
        # Together with the numbering, a missing fact is named within a minute.
        "reconcile_seconds": 5,
        "reconcile_grace_seconds": 30,
        "policy_decisions_keep_days": 30,
    }


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"append_batch_max": 1}, {"append_batch_max": 0}),
        ({"append_batch_max": 5000}, {"append_batch_max": 5001}),
        ({"append_wait_ms_max": 0}, {"append_wait_ms_max": -1}),
        ({"append_wait_ms_max": 1000}, {"append_wait_ms_max": 1001}),
        ({"checkpoint_seconds": 0.01}, {"checkpoint_seconds": 0}),
        ({"checkpoint_seconds": 60}, {"checkpoint_seconds": 61}),
        ({"reconcile_seconds": 30}, {"reconcile_seconds": 31}),
        ({"reconcile_seconds": 0.1}, {"reconcile_seconds": 0}),
        ({"reconcile_grace_seconds": 600}, {"reconcile_grace_seconds": 601}),
        ({"reconcile_grace_seconds": 0.1}, {"reconcile_grace_seconds": 0}),
        ({"policy_decisions_keep_days": 1}, {"policy_decisions_keep_days": 0}),
        ({"policy_decisions_keep_days": 365}, {"policy_decisions_keep_days": 366}),
    ],
    ids=[
        "batch of none",
        "batch too large",
        "wait below zero",
        "wait too long",
        "no pause",
        "pause too long",
        "rare",
        "unceasing",
        "too patient",
        "impatient",
        "kept for no day",
        "kept for ever",
    ],
)
def test_invalid_settings_are_refused(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert ComplianceSettings(**good)
    with pytest.raises(ValidationError):
        ComplianceSettings(**bad)
