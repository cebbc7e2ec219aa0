"""The text of an approval rule's window."""

import pytest

from governance.domain.window import Window
from kernel.errors import InvalidValue


@pytest.mark.parametrize(("text", "hours"), [("1h", 1), ("9h", 9), ("24h", 24), ("100h", 100), ("744h", 744)])
def test_a_window_is_parsed_from_its_own_text(text: str, hours: int) -> None:
    assert Window.parse(text) == Window(hours)
    assert Window(hours).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "0h",
        "00h",
        "01h",
        "024h",
        "745h",
        "1000h",
        "-1h",
        "+1h",
        "1.5h",
        "24",
        "1d",
        "24H",
        " 24h",
        "24h ",
        "24 h",
        "24h\n",
        "24h\0",
        "24hh",
        "1h 1h",
        "0x18h",
        "1_0h",
        "\uff11\uff12h",
        "\u0661h",
        "24\uff48",
        '24h" || true || "',
    ],
)
def test_a_text_that_is_not_whole_hours_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Window.parse(text)
    assert refused.value.field == "window"


@pytest.mark.parametrize("hours", [-1, 0, 745])
def test_no_window_is_shorter_than_an_hour_or_longer_than_31_days(hours: int) -> None:
    with pytest.raises(InvalidValue) as refused:
        Window(hours)
    assert (refused.value.field, refused.value.facts) == ("window", {"expected": "1h to 744h, in whole hours"})
