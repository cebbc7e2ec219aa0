"""Overrides of the calendar in the settings: accepted, or refused when the process starts."""

from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from chassis.business_time.day_overrides import DayOverride, read_day_overrides
from chassis.process_settings import SettingRefused
from chassis.settings import ServiceSettings

MOURNING = '{"2026-12-11": {"open": false, "name": "Day of national mourning"}}'
CLOSED = DayOverride(open=False, name="Day of national mourning")
WRONG = [
    "{",
    "[]",
    '{"11.12.2026": {"open": false, "name": "x"}}',
    '{"2026-02-30": {"open": false, "name": "x"}}',
    '{"2026-12-11": {"open": "no", "name": "x"}}',
    '{"2026-12-11": {"name": "x"}}',
    '{"2026-12-11": {"open": true, "name": ""}}',
    '{"2026-12-11": {"open": true, "name": "x", "hours": 3}}',
    '{"2026-12-11": "closed"}',
]


class Settings(ServiceSettings):
    NAME: ClassVar[str] = "tests"


def test_days_come_from_the_variable_and_from_the_file_which_prevails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_DAY_OVERRIDES", MOURNING)
    assert Settings().declared_days == {date(2026, 12, 11): CLOSED}
    file = tmp_path / "days.json"
    file.write_text(MOURNING.replace("false", "true"))
    monkeypatch.setenv("ELCORP_DAY_OVERRIDES_FILE", str(file))
    assert Settings().declared_days[date(2026, 12, 11)].open


def test_no_day_is_declared_unless_set() -> None:
    assert not Settings().declared_days


@pytest.mark.parametrize("given", WRONG)
def test_a_wrong_variable_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_DAY_OVERRIDES", given)
    with pytest.raises(ValidationError, match="day_overrides"):
        Settings()


@pytest.mark.parametrize("given", WRONG)
def test_a_wrong_file_is_refused_and_named(given: str, tmp_path: Path) -> None:
    file = tmp_path / "days.json"
    file.write_text(given)
    with pytest.raises(SettingRefused, match=r"ELCORP_DAY_OVERRIDES_FILE: .*days.json must hold JSON such as"):
        read_day_overrides(file)
    [problem] = [one for one in Settings(day_overrides_file=file).unreadable() if "DAY_OVERRIDES" in one]
    assert "days.json" in problem


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="No such file"):
        read_day_overrides(tmp_path / "none.json")
