"""Codes as people type or copy them."""

import pytest

from identity.domain.typed_code import read_code


@pytest.mark.parametrize(
    "typed",
    [
        "246810",
        "246 810",
        " 246810\n",
        "246-810",
        "24 68 10",
        "246\u00a0810",
        "246\u2009810",
        "246\u2013810",
        "246\u2212810",
        "\ufeff246810\u200b",
    ],
)
def test_spaces_and_dashes_are_ignored_in_a_code(typed: str) -> None:
    assert read_code(typed) == "246810"


@pytest.mark.parametrize("typed", ["24681O", "246.810", "246_810", "\uff12\uff14\uff16\uff18\uff11\uff10"])
def test_every_other_character_is_part_of_the_code(typed: str) -> None:
    assert read_code(typed) == typed
