"""Passwords that people make when they are asked for a letter, a digit and a sign: a word, a year, and little else.

`Summer2026!Aa`, `Ndapewa12345!` and `Abc123!Abc123!` obey every rule of composition and fall to the first rules of a cracker.
Counted are the characters that are left without one word, years, dates, sequences, repetition and signs. (zxcvbn was measured: it
takes `Summer2026!Aa` for better than the brief's own `SecurePass123!`, knows no name of Namibia, and spends five seconds on 72
characters made for it.)
"""

import re
from typing import Final

from identity.domain.common_passwords import common_passwords

# Fewer than so many characters besides the word are no secret.
_SURPRISE_MIN: Final = 4
# A word that no list knows, a name for example, is a word all the same in a password as short as this.
_SHAPE_LENGTH_MAX: Final = 16
_WORD_LENGTH_MIN: Final = 3
# A number as short as this is guessed with the word.
_DIGITS_BESIDE_WORD_MAX: Final = 4
_SEQUENCE_LENGTH_MIN: Final = 3
_SEQUENCES: Final = ("0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm")
# "SecurePass" are two words; "Aa" is one run.
_RUNS: Final = re.compile(r"[^\W\d_][^\W\d_A-Z]*|\d+|[\W_]+")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
# Seasons, months, days, places and names of this country, in its languages: 30,000 common passwords have those of English.
_WORDS: Final = frozenset(
    word
    for line in (
        "spring summer autumn winter lente somer herfs fruhling frühling sommer herbst",
        "january february march april may june july august september october november december",
        "januarie februarie maart mei junie julie augustus oktober desember januar februar märz juni juli dezember",
        "monday tuesday wednesday thursday friday saturday sunday",
        "maandag dinsdag woensdag donderdag vrydag saterdag sondag montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "namibia windhoek swakopmund walvis walvisbay oshakati ondangwa rundu katima tsumeb otjiwarongo keetmanshoop gobabis",
        "etosha oshana omusati ohangwena oshikoto kavango zambezi kunene erongo khomas hardap karas omaheke otjozondjupa",
        "ndapewa ndapewoshali ndahafa ndinelago ndeshihafela tangeni tuyenikelao hilma helena selma frieda saara magano penda",
        "hafeni nangula nandjala namupa naftali immanuel petrus paulus lukas matheus jesaya gideon festus fillemon",
        "shikongo nghipandulwa amupolo shilongo hamutenya haufiku iipinge iileka kandjii katjavivi tjivikua mbumba nujoma",
        "pohamba geingob kapofi hamukwaya",
    )
    for word in line.split()
)


def is_predictable(password: str) -> bool:
    """Tell whether a normalised password is a word, or none, with less than four characters that nobody foresees."""
    text = _repeated(password)
    runs = _RUNS.findall(text)
    words = [run for run in runs if _is_word(run)]
    if len(words) > 1:
        return False
    is_known = not words or _is_known(words[0])
    if not is_known and len(password) > _SHAPE_LENGTH_MAX:
        return False
    return sum(_surprise(run, beside_known=bool(words) and is_known) for run in runs if run not in words) < _SURPRISE_MIN


def _repeated(text: str) -> str:
    """Return what a text repeats: "Abc123!" of "Abc123!Abc123!"."""
    # A text that repeats itself is found within its own double before its end.
    return text[: (text + text).find(text, 1)]


def _is_word(run: str) -> bool:
    return run.isalpha() and len(run) >= _WORD_LENGTH_MIN and not _is_sequence(run)


def _is_known(word: str) -> bool:
    lowered = word.casefold()
    return lowered in _WORDS or lowered in common_passwords()


def _surprise(run: str, *, beside_known: bool) -> int:
    """Count the characters of a run that an attacker has to guess."""
    if run.isalpha():
        return 0 if _is_sequence(run) else len(run)
    if not run.isdigit():
        # Signs are put where they are asked for.
        return 0
    if _is_sequence(run) or len(run) < _SEQUENCE_LENGTH_MIN or (beside_known and len(run) <= _DIGITS_BESIDE_WORD_MAX):
        return 0
    # Of a date only day and month are left, which are few.
    return len(_YEAR.sub("", run)) // 2 if _YEAR.search(run) else len(run)


def _is_sequence(run: str) -> bool:
    lowered = run.casefold()
    if len(lowered) < _SEQUENCE_LENGTH_MIN:
        return False
    if len(set(lowered)) == 1:
        return True
    return any(lowered in sequence * 2 or lowered in sequence[::-1] * 2 for sequence in _SEQUENCES)
