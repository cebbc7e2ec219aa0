import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.texts import has_letter, is_readable, is_seen, read_line, read_line_as_sent, read_lines, read_reason, shown

REFUSED = [
    *range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xD800, 0xDBFF, 0xDC00, 0xDFFF,
    0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0xE0000, 0xE0041, 0xE007F,
]  # fmt: skip
OF_LINES = {0x09, 0x0A, 0x2028, 0x2029}
NEXT_TO_REFUSED = [0x20, 0x7E, 0xA0, 0x2027, 0x202F, 0x2065, 0x206A, 0xE000, 0xFDCF, 0xFDF0, 0xFFFD, 0xE0080]

NAMES = [
    "علی\u200cرضا احمدی",  # noqa: RUF001  # Persian
    "ශ්\u200dරීමාල් පෙරේරා",
    "ǃXóõ ǀUi",  # noqa: RUF001  # Khoekhoe clicks are letters
    "N!xau ǂToma",
    "O'Brien",
    "d’Abbadie",  # noqa: RUF001  # as it is typed on a telephone
    "李小龍",
    "👩\u200d🌾",
    "❤\ufe0f Namib",
]


@pytest.mark.parametrize("code", REFUSED, ids=lambda code: f"U+{code:04X}")
def test_a_character_that_hides_text_is_refused_and_named(code: int) -> None:
    with pytest.raises(ValueError, match=f"U\\+{code:04X} "):
        read_line(f"a{chr(code)}b")


@pytest.mark.parametrize("code", REFUSED, ids=lambda code: f"U+{code:04X}")
def test_a_text_of_several_lines_keeps_only_line_feeds_and_tabs(code: int) -> None:
    text = f"a{chr(code)}b"
    if code in OF_LINES:
        assert read_lines(text) == text
    else:
        with pytest.raises(ValueError, match=f"U\\+{code:04X} "):
            read_lines(text)


@pytest.mark.parametrize("code", NEXT_TO_REFUSED, ids=lambda code: f"U+{code:04X}")
def test_the_neighbours_of_refused_characters_are_kept(code: int) -> None:
    assert read_line(f"a{chr(code)}b") == f"a{chr(code)}b"


@pytest.mark.parametrize("name", NAMES)
def test_names_of_all_scripts_are_kept_with_their_joiners(name: str) -> None:
    assert read_line(name) == name


@given(
    st.text(
        alphabet=st.characters(
            exclude_categories=["Cc", "Cs", "Cn"],
            exclude_characters="".join(chr(code) for code in REFUSED if code < 0xD800 or code > 0xDFFF),
        )
    )
)
def test_a_text_is_normalized_to_nfc_once(text: str) -> None:
    read = read_line(text)
    assert read == unicodedata.normalize("NFC", text)
    assert read_line(read) == read_lines(text) == read


@pytest.mark.parametrize(
    "blanks",
    ["", "   ", "\n\t\n", "\u00a0\u2003", "\u200c\u200d\u200c", " \u0301 ", "\u3164" * 3, "\u2800", "\u115f\u1160\uffa0"],
)
def test_a_blank_reason_is_refused(blanks: str) -> None:
    with pytest.raises(ValueError, match="must not be blank"):
        read_reason(blanks)


def test_a_reason_loses_outer_space_and_keeps_its_lines() -> None:
    assert read_reason("  seen in person\n\tby two \n") == "seen in person\n\tby two"
    assert read_reason("?") == "?"
    assert read_reason(" asked for by the payer ", one_line=True) == "asked for by the payer"
    with pytest.raises(ValueError, match="U\\+000A "):
        read_reason("seen\nin person", one_line=True)


@pytest.mark.parametrize("name", NAMES)
def test_joiners_are_allowed_in_names(name: str) -> None:
    assert is_seen(name)


NOT_SEEN = [
    *(0, 0x1F, 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180D, 0x180E, 0x180F, 0x200B, 0x200E, 0x202E),
    *(0x2060, 0x2065, 0x206F, 0x3164, 0xE000, 0xFE00, 0xFE0E, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF0, 0x1BCA0, 0x1D173),
    *(0xE0001, 0xE0041, 0xE0100, 0xE01EF, 0xE0FFF),
]


@pytest.mark.parametrize("code", NOT_SEEN, ids=hex)
def test_invisible_characters_are_not_allowed_in_names(code: int) -> None:
    assert not is_seen(f"a{chr(code)}b")


def test_a_shown_value_is_shortened_and_its_hidden_characters_are_escaped() -> None:
    assert shown("NAD") == "'NAD'"
    assert shown("a\u202eb\x00") == "'a\\u202eb\\x00'"
    assert shown("x" * 40) == repr("x" * 40)
    assert shown("x" * 41) == repr("x" * 40 + "…")


@pytest.mark.parametrize("text", ["\u200d\u200c", " \u3164", "\u0301\u0301", "\u2800", ""], ids=ascii)
def test_blanks_marks_and_joiners_alone_are_not_readable(text: str) -> None:
    assert not is_readable(text)
    assert is_readable(f"{text}a")


@pytest.mark.parametrize("text", ["", "--", "''", ". .", "47", "\u3164", "\u0301\u200d", "\u2800", "👩"], ids=ascii)
def test_signs_digits_and_blanks_are_not_letters(text: str) -> None:
    assert not has_letter(text)
    assert has_letter(f"{text}李")


@pytest.mark.parametrize("code", [0x37E, 0x1FEF, 0x212A], ids=hex)
def test_read_line_as_sent_does_not_normalize(code: int) -> None:
    """NFC turns these three characters into ASCII."""
    assert read_line(f"a{chr(code)}").isascii()
    assert read_line_as_sent(f"a{chr(code)}") == f"a{chr(code)}"


@pytest.mark.parametrize("code", REFUSED, ids=lambda code: f"U+{code:04X}")
def test_read_line_as_sent_refuses_characters_that_hide_text(code: int) -> None:
    with pytest.raises(ValueError, match=f"U\\+{code:04X} "):
        read_line_as_sent(f"a{chr(code)}b")
