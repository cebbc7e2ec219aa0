"""Passwords that people choose to satisfy rules of composition: a word, a year, and little else.

`Summer2026!Aa`, `Ndapewa12345!` and `Abc123!Abc123!` satisfy every such rule and fall to a cracker's first rules.
This module removes what is guessable: the words of a list in any spelling, years and dates, runs and repetition, signs. A
password is predictable if fewer than two words and fewer than four characters remain. (zxcvbn was measured: it rates
`Summer2026!Aa` above the brief's own `SecurePass123!`, knows no Namibian names, and spends five seconds on a crafted password of
72 characters.)
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Final

from identity.domain.common_passwords import common_passwords

# Fewer characters than this besides the word are no secret.
_SURPRISE_MIN: Final = 4
# A word that is in no list, such as a name, is also guessable if it is pronounceable, in a password at most this long and with
# few runs: where letters, digits and signs alternate often, the password is random. Known words allow more runs.
_SHAPE_LENGTH_MAX: Final = 16
_SHAPE_RUNS_MAX: Final = 5
_KNOWN_RUNS_MAX: Final = 8
_SHAPE_SURPRISE_MIN: Final = 3
# At least five letters, with no four consonants or four vowels in a row. "sch" counts as one sound.
_SPOKEN: Final = re.compile(r"(?=.{5})(?!.*[^aeiouy]{4})(?!.*[aeiouy]{4}).*[aeiouy].*")
_WORD_LENGTH_MIN: Final = 3
# Shorter words occur in other words and between them.
_WITHIN_LENGTH_MIN: Final = 5
# Up to this many digits are guessed together with a word, known or not.
_DIGITS_BESIDE_WORD_MAX: Final = 4
_DIGITS_BESIDE_SHAPE_MAX: Final = 2
_SEQUENCE_LENGTH_MIN: Final = 3
# "135" may be a number, "1357" is a sequence.
_STEPS_LENGTH_MIN: Final = 4
_SEQUENCES: Final = ("1234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm")
# "SecurePass" has two words, "SUMMER" is one; "Aa" is one run.
_RUNS: Final = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|\d+|[\W_]+")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_DATE_LENGTH_MAX: Final = 8
_DAY, _MONTH = "(?:0[1-9]|[12][0-9]|3[01])", "(?:0[1-9]|1[0-2])"
# Forms of the first of March 1990: 010390, 030190, 900301.
_SHORT_DATE: Final = re.compile(rf"(?:{_DAY}{_MONTH}|{_MONTH}{_DAY})\d\d|\d\d{_MONTH}{_DAY}")
# Letters that NFKD does not decompose.
_OTHER_LETTERS: Final = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"})
# Unchanged, and with signs and digits read as letters: "W1nt3r" and "Apri1".
_READINGS: Final[tuple[dict[int, int], ...]] = (
    {},
    str.maketrans("@4310$57!", "aaelossti"),
    str.maketrans("@4310$57!", "aaeiossti"),
)


def without_accents(text: str) -> str:
    """Return a text as typed on a keyboard without accents: "Frühling" is "Fruhling"."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_OTHER_LETTERS))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


# Seasons, months, days, places and names of Namibia, in its languages. The 30,000 common passwords have the English ones.
# All words of a kind count as one: "SummerWinter" is guessed as soon as "Summer".
_KINDS: Final = tuple(
    frozenset(word for line in lines for word in line.split())
    for lines in (
        (
            "spring summer autumn fall winter lente somer herfs fruhling fruhjahr sommer herbst",
            "january february march april may june july august september october november december",
            "januarie februarie maart mei junie julie augustus oktober desember januar februar marz juni juli dezember",
            "monday tuesday wednesday thursday friday saturday sunday",
            "maandag dinsdag woensdag donderdag vrydag saterdag sondag",
            "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        ),
        (
            "namibia windhoek swakopmund walvis walvisbay oshakati ondangwa rundu katima tsumeb otjiwarongo keetmanshoop",
            "gobabis etosha oshana omusati ohangwena oshikoto kavango zambezi kunene erongo khomas hardap karas omaheke",
            "otjozondjupa",
        ),
        (
            "ndapewa ndapewoshali ndahafa ndinelago ndeshihafela tangeni tuyenikelao hilma helena selma frieda saara magano",
            "penda hafeni nangula nandjala namupa naftali immanuel petrus paulus lukas matheus jesaya gideon festus fillemon",
            "shikongo nghipandulwa amupolo shilongo hamutenya haufiku iipinge iileka kandjii katjavivi tjivikua mbumba nujoma",
            "pohamba geingob kapofi hamukwaya",
        ),
    )
)
_KIND_OF: Final = {word: kind for kind, words in enumerate(_KINDS) for word in words}
_WITHIN: Final = re.compile(
    "|".join(sorted((word for word in _KIND_OF if len(word) >= _WITHIN_LENGTH_MIN), key=lambda word: (-len(word), word)))
)


def is_predictable(password: str) -> bool:
    """Return whether a normalised password is at most one word with fewer than four unpredictable characters."""
    text = without_accents(password)
    kinds = _guessed(text)
    # Count each run once, ignoring case: "Abc123!Abc123!" is "Abc123!".
    runs = {run.group().lower(): run for run in reversed(list(_RUNS.finditer(text)))}
    left = [(run, _unguessed(match, kinds)) for run, match in runs.items()]
    words = {_repeated_part(run) for run, rest in left if rest == run and _is_word(run)}
    if len(words) + len(set(kinds.values())) > 1:
        return False
    is_known = bool(kinds) or not words.isdisjoint(common_passwords())
    if len(runs) > (_KNOWN_RUNS_MAX if is_known else _SHAPE_RUNS_MAX):
        return False
    if not is_known:
        if sum(len(_repeated_part(run)) for run in runs) > _SHAPE_LENGTH_MAX:
            return False
        words = {word for word in words if _SPOKEN.fullmatch(word.replace("sch", "s"))}
    beside = [_repeated_part(rest) for run, rest in left if _repeated_part(run) not in words]
    surprise = sum(len(run) for run in beside if run.isalpha() and not _is_sequence(run))
    digits = sum(_surprise_of_digits(run) for run in beside if run.isdigit())
    if digits > (_DIGITS_BESIDE_WORD_MAX if is_known else _DIGITS_BESIDE_SHAPE_MAX):
        surprise += digits
    return surprise < (_SURPRISE_MIN if is_known else _SHAPE_SURPRISE_MIN)


def _guessed(text: str) -> Mapping[int, int]:
    """Return the positions of the list's words, each with the kind of its word.

    The words may stand alone or joined, be split by signs or a year, or have signs for letters.
    """
    kinds = {
        place: _KIND_OF[run.group().lower()]
        for run in _RUNS.finditer(text)
        if run.group().lower() in _KIND_OF
        for place in range(*run.span())
    }
    for reading in _READINGS:
        letters = list(_letters(text.lower().translate(reading)))
        for found in _WITHIN.finditer("".join(letter for _, letter in letters)):
            kinds |= {place: _KIND_OF[found.group()] for place, _ in letters[found.start() : found.end()]}
    return kinds


def _letters(text: str) -> Iterator[tuple[int, str]]:
    return ((place, character) for place, character in enumerate(text) if character.isalpha())


def _unguessed(run: re.Match[str], guessed: Collection[int]) -> str:
    return "".join(letter for place, letter in enumerate(run.group().lower(), run.start()) if place not in guessed)


def _is_word(run: str) -> bool:
    # A letter as wide as a Chinese one is a word by itself.
    is_narrow = all(unicodedata.east_asian_width(character) != "W" for character in run)
    return run.isalpha() and len(_repeated_part(run)) >= _WORD_LENGTH_MIN and is_narrow and not _is_sequence(run)


def _surprise_of_digits(run: str) -> int:
    """Count the digits of a run that an attacker has to guess. A date counts only its day and month, which have few values."""
    if _is_sequence(run):
        return 0
    if _SHORT_DATE.fullmatch(run):
        return len(run) // 2
    is_date = len(run) <= _DATE_LENGTH_MAX and _YEAR.search(run)
    return len(_YEAR.sub("", run)) // 2 if is_date else len(run)


def _repeated_part(text: str) -> str:
    """Return the repeated part of a text: "ndapewa" of "ndapewandapewa"."""
    # A text that repeats itself occurs in its own double before the end of the first copy.
    return text[: (text + text).find(text, 1)]


def _is_sequence(run: str) -> bool:
    """Return whether a run is a common sequence: "aabb", "13579", "qwerty", "98765"."""
    steps = {ord(following) - ord(character) for character, following in pairwise(run)}
    if len(run) > 1 and steps <= {-1, 0, 1}:
        return True
    if len(run) < _SEQUENCE_LENGTH_MIN:
        return False
    in_steps = run.isdigit() and len(steps) == 1 and len(run) >= _STEPS_LENGTH_MIN
    return in_steps or any(run in sequence * 2 or run in sequence[::-1] * 2 for sequence in _SEQUENCES)
