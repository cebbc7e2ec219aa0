"""Predictable answers to composition rules: words, years and sequences, which attackers try after the common passwords."""

import string
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.domain.predictable_passwords import is_predictable, without_accents
from identity.infrastructure.generated_password import generate_password

DICE = (
    *("anchor", "basket", "candle", "desert", "engine", "feather", "garden", "hammer", "island", "jacket", "kettle", "ladder"),
    *("mirror", "needle", "orange", "pencil", "quartz", "ribbon", "saddle", "ticket", "uncle", "velvet", "window", "yellow"),
    *("acid", "bell", "coin", "dune", "echo", "fig", "goat", "hut", "ink", "jam", "kite", "oak", "pan", "rug", "sky", "tin"),
)


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
        # In any case.
        "SUMMER2026!aa",
        "sUMMER2026!Aa",
        "SuMmEr2026!aB",
        "MUTORWA2024!aa",
        # A repeated word, and words of one kind.
        "NdapewaNdapewa1!",
        "mutorwaMUTORWA24!",
        "Mutorwa2024!!Mutorwa2024!!",
        "AutumnSpring26!",
        "SummerWinter1!",
        "MondayFriday2026!",
        "JanuarieDesember1!",
        "Ndapewa-Shikongo-1!",
        "Windhoek.Namibia.26!",
        # A word that is split by signs or by the year.
        "Sum-mer-2026-A!",
        "Su.mm.er.2026.A!",
        "S2026ummer!Aab",
        "Wind2026hoek!Aa",
        # Letters without thought.
        "Maart2026!!Aabb",
        "Mei2026!!Aabbcc",
        "Summer2026!Abcd",
        # Digits in a row, in steps, in pairs, or as a date.
        "Ndapewa13579!!",
        "Ndapewa97531!!",
        "Mutorwa2468!!!",
        "Ndapewa112233!",
        "Ndapewa121212!",
        "Ndapewa159159!",
        "Ndapewa010390!",
        "Ndapewa-31-12-1990!",
        # With accents or without, with signs for letters.
        "Frühling2026!a",
        "FRUHLING2026!a",
        "Sömmer2026!Aa",
        "W1nt3r2026!Aab",
        "$umm3r2026!Aab",
        "M44rt2026!!Aab",
    ],
)
@pytest.mark.clause("ASVS 6.2.12")
def test_a_word_with_a_year_and_a_sequence_is_predictable(password: str) -> None:
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
        "Öäx-63!-Kunene",
        "Kavango-Summer-63?*",
        "Kavango-7ac619112087d682-7!",
        # These are not names, because they cannot be pronounced.
        "Xvbqprtymwzk1!",
        "Ueaoieuaoi24!!",
        "Summer2026!Kqx7Vw",
        "MAART-2026-rivier-sand!",
        "Etosha-Lion-2026-Sand!",
        "OKAVANGO-delta-93!",
        "marching-ants-47-Sand!",
    ],
)
def test_two_words_or_four_more_characters_are_not_predictable(password: str) -> None:
    assert not is_predictable(password)


def test_generated_passwords_pass() -> None:
    assert not any(is_predictable(generate_password()) for _ in range(1_000))


@pytest.mark.parametrize("length", [14, 16, 20, 40])
def test_random_characters_pass(length: int) -> None:
    """As a password manager generates them. Of 14 characters, one in 10,000 looks like a name plus little; none of these does."""
    drawn, signs = Random(47), string.ascii_letters + string.digits + "!@#$%^&*"
    assert not [password for _ in range(500) if is_predictable(password := "".join(drawn.choices(signs, k=length)))]


@given(st.integers(min_value=0), st.sampled_from(["-", " ", ".", "", "7"]), st.sampled_from([str.title, str.lower]))
def test_four_words_pass(seed: int, separator: str, spelt: Callable[[str], str]) -> None:
    """Words drawn by dice; without separators, capitals separate them."""
    words = Random(seed).sample(DICE, k=4)
    assert not is_predictable(separator.join((spelt if separator else str.title)(word) for word in words))


def test_accents_are_removed() -> None:
    assert without_accents("Ünïcödé Straße Łódź Ångström") == "Unicode Strasse Lodz Angstrom"


@given(st.text(max_size=128))
def test_any_text_can_be_judged(text: str) -> None:
    assert is_predictable(text) in {True, False}
