"""Text that people write: normalized (NFC), without characters that hide or reorder what others read."""

import re
import unicodedata
from itertools import pairwise
from typing import Final

# C0 and C1 controls, surrogates, non-characters, invisible tags, and characters that override, embed or isolate a direction:
# "trojan source" (CVE-2021-42574). The joiners U+200C and U+200D are allowed: Persian, Sinhala and others need them.
_REFUSED: Final = "\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f"
# U+2028 and U+2029 separate lines and paragraphs.
_IN_ONE_LINE: Final = re.compile(f"[\x00-\x1f\u2028\u2029{_REFUSED}]")
_IN_LINES: Final = re.compile(f"[\x00-\x08\x0b-\x1f{_REFUSED}]")
_JOINERS: Final = frozenset("\u200c\u200d")
# Letters, numbers, punctuation and symbols; a combining mark, a space or a joiner alone is not readable.
_READABLE: Final = frozenset("LNPS")
# Letters and a symbol by category that look blank: the fillers of Hangul, and Braille without dots.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Unicode's default ignorables (DerivedCoreProperties) outside category C: other joiners, Hangul fillers, inherent vowels of
# Khmer, variation selectors. Names that differ only in these look the same.
_IGNORABLE: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
# Phones add it after a symbol to show it in colour.
_EMOJI_SELECTOR: Final = "\ufe0f"


def read_line(text: str) -> str:
    """Return one line of text in NFC; raises ValueError, which names the first forbidden character."""
    return _read(text, _IN_ONE_LINE)


def read_line_as_sent(text: str) -> str:
    """Return one line of text unchanged: NFC would turn a KELVIN SIGN into ASCII. Raises ValueError as `read_line` does."""
    read_line(text)
    return text


def read_lines(text: str) -> str:
    """Return text with line feeds and tabs in NFC; raises ValueError as `read_line` does."""
    return _read(text, _IN_LINES)


def read_reason(text: str, *, one_line: bool = False) -> str:
    """Return a reason in NFC without surrounding space; raises ValueError, also when it is blank."""
    reason = (read_line(text) if one_line else read_lines(text)).strip()
    if not is_readable(reason):
        raise ValueError("The reason must not be blank.")
    return reason


def is_readable(text: str) -> bool:
    """Return whether a text has a readable character: blanks, marks and joiners are not readable."""
    return any(character not in _BLANK and unicodedata.category(character)[0] in _READABLE for character in text)


def is_seen(text: str) -> bool:
    """Return whether a name has only visible characters.

    That excludes category C (control, format, private use) and characters that are ignored when displayed, except the joiners
    and the selector of coloured symbols after a symbol.
    """
    return all(_is_seen(character, before) for before, character in pairwise(f" {text}"))


def has_letter(text: str) -> bool:
    """Return whether a text has a letter that is not blank."""
    return any(character not in _BLANK and unicodedata.category(character).startswith("L") for character in text)


def shown(value: object, *, length_max: int = 40) -> str:
    """Return a value for an error message: shortened, with invisible characters escaped."""
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
