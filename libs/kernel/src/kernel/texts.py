"""Texts that people write, in one form (NFC), with no character that hides or reorders what others read."""

import re
import unicodedata
from itertools import pairwise
from typing import Final

# C0 and C1 controls, surrogates, non-characters, invisible tags, and what overrides, embeds or isolates a direction: "trojan
# source" (CVE-2021-42574). The joiners U+200C and U+200D are letters of Persian, Sinhala and others, and are kept.
_REFUSED: Final = "\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f"
# U+2028 and U+2029 separate lines and paragraphs.
_IN_ONE_LINE: Final = re.compile(f"[\x00-\x1f\u2028\u2029{_REFUSED}]")
_IN_LINES: Final = re.compile(f"[\x00-\x08\x0b-\x1f{_REFUSED}]")
_JOINERS: Final = frozenset("\u200c\u200d")
# Letters, numbers, punctuation and symbols; a combining mark, a space or a joiner by itself is nothing to read.
_READABLE: Final = frozenset("LNPS")
# Letters and a symbol by their category that are blank all the same: the fillers of Hangul, and Braille without dots.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# What Unicode calls default ignorable (DerivedCoreProperties) and is not of category C: joiners of other kinds, Hangul fillers,
# vowels of Khmer that nobody writes, variation selectors. Two names that differ in these alone look the same.
_IGNORABLE: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
# Telephones put it behind a symbol that is to be shown in colours.
_EMOJI_SELECTOR: Final = "\ufe0f"


def read_line(text: str) -> str:
    """Return a text of one line in NFC; raises ValueError, which names the first character that is not allowed."""
    return _read(text, _IN_ONE_LINE)


def read_line_as_sent(text: str) -> str:
    """Return a text of one line as it is: NFC makes ASCII of a KELVIN SIGN. Raises ValueError as `read_line` does."""
    read_line(text)
    return text


def read_lines(text: str) -> str:
    """Return a text that may have several lines, and tabs, in NFC; raises ValueError as `read_line` does."""
    return _read(text, _IN_LINES)


def read_reason(text: str, *, one_line: bool = False) -> str:
    """Return a reason in NFC without outer space; raises ValueError, also when there is nothing to read in it."""
    reason = (read_line(text) if one_line else read_lines(text)).strip()
    if not is_readable(reason):
        raise ValueError("A reason is expected, not blanks.")
    return reason


def is_readable(text: str) -> bool:
    """Tell whether there is anything to read in a text: blanks, marks and joiners alone are nothing."""
    return any(character not in _BLANK and unicodedata.category(character)[0] in _READABLE for character in text)


def is_seen(text: str) -> bool:
    """Tell whether a name holds only what is seen.

    Nothing of category C (control, format, private use) and nothing that is ignored when it is displayed, but the joiners, and
    the selector of coloured symbols behind a symbol.
    """
    return all(_is_seen(character, before) for before, character in pairwise(f" {text}"))


def has_letter(text: str) -> bool:
    """Tell whether a text holds a letter that is not blank."""
    return any(character not in _BLANK and unicodedata.category(character).startswith("L") for character in text)


def shown(value: object, *, length_max: int = 40) -> str:
    """Return a value as an error message shows it: shortened, with what nobody can see written out."""
    text = str(value)
    return repr(text if len(text) <= length_max else f"{text[:length_max]}…")


def _is_seen(character: str, before: str) -> bool:
    if character in _JOINERS:
        return True
    if character == _EMOJI_SELECTOR:
        return unicodedata.category(before).startswith("S")
    return not (unicodedata.category(character).startswith("C") or _IGNORABLE.match(character))


def _read(text: str, refused: re.Pattern[str]) -> str:
    if found := refused.search(text):
        raise ValueError(f"The character U+{ord(found[0]):04X} is not allowed here.")
    return text if text.isascii() else unicodedata.normalize("NFC", text)
