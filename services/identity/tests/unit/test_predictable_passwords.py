"""What people make of rules of composition: words, years and sequences, which attackers try after the common passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.domain.predictable_passwords import is_predictable
from identity.infrastructure.generated_password import generate_password


@pytest.mark.parametrize(
    "password",
    [
        "Summer2026!Aa",
        "Winter2025!!Aa",
        "Herfs-2026-!!",
        "Januarie2026!",
        "Ndapewa12345!",
        "Shikongo1990!",
        "Tangeni01031990!",
        "Mutorwa2024!!",
        "Windhoek2026!",
        "Etosha4817!!!",
        "2026Summer!Aa",
        "!Summer!2026!",
        "Summ3r2026!Aa",
        "Ndapewa.12345!",
        "Abc123!Abc123!",
        "Aa1!Aa1!Aa1!",
        "Summer2026!Summer2026!",
        "Qwerty123456!",
        "Asdfgh123456!",
        "Zyxwvut98765!",
    ],
)
@pytest.mark.clause("ASVS 6.2.12")
def test_a_word_a_year_and_a_sequence_are_foreseen(password: str) -> None:
    assert is_predictable(password)


@pytest.mark.parametrize(
    "password",
    [
        "SecurePass123!",
        "Oshana-Sunrise-47!",
        "Kunene-Fog-63!",
        "Kunene-River-2026!",
        "x9K#mQ2$vL7!",
        "Summer2026!xQ7vK2",
        "correct horse battery stapler",
        "Mañana-Çelik-ñandú-47!",
        "Aé漢字-7!x" * 16,
    ],
)
def test_two_words_or_four_characters_more_are_not(password: str) -> None:
    assert not is_predictable(password)


def test_what_is_generated_passes() -> None:
    assert not any(is_predictable(generate_password()) for _ in range(1_000))


@given(st.text(max_size=128))
def test_any_text_is_judged(text: str) -> None:
    assert is_predictable(text) in {True, False}
