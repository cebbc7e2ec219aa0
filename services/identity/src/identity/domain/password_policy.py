"""Which passwords are acceptable (NIST SP 800-63B, ASVS 6.2, and the complexity rules of the platform's brief)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from identity.domain.common_passwords import common_passwords
from identity.domain.errors import WeakPassword
from identity.domain.predictable_passwords import is_predictable, without_accents

_LOOKALIKES: Final = str.maketrans({"@": "a", "4": "a", "3": "e", "1": "l", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t"})
_TAIL: Final = "0123456789!@#$%^&*?+=.,-_ "
_PLATFORM_WORDS: Final = ("elcorp",)
_WORD_LENGTH_MIN = 4
# Shorter words occur by chance between the words of a passphrase.
_JOINED_LENGTH_MIN: Final = 5
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_DISTINCT_MIN = 5


def normalise(password: str) -> str:
    """Return a password in one form for every keyboard (NIST SP 800-63B 3.1.1.2: NFKC)."""
    return unicodedata.normalize("NFKC", password)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """Lengths are in characters. `specials` are the characters of which one is required if complexity is required."""

    length_min: int = 12
    length_min_single_factor: int = 12
    length_max: int = 128
    complexity: bool = True
    specials: str = "!@#$%^&*"

    def check(self, password: str, context: Iterable[str] = (), *, multi_factor: bool = False) -> None:
        """Check a normalised password; `context` are texts about its owner. Raise WeakPassword.

        `multi_factor`: whether the user also has a second factor.
        """
        length_min = self.length_min if multi_factor else max(self.length_min, self.length_min_single_factor)
        for rule in self._broken(password, context, length_min):
            raise WeakPassword(rule=rule)

    def _broken(self, password: str, context: Iterable[str], length_min: int) -> Iterable[str]:
        if len(password) < length_min:
            yield "length_min"
        if len(password) > self.length_max:
            yield "length_max"
        if self.complexity:
            yield from self._too_plain(password)
        if _is_common(password):
            yield "common"
        if is_predictable(password):
            yield "predictable"
        if _is_about(password, (*_PLATFORM_WORDS, *_words(context))):
            yield "context"

    def _too_plain(self, password: str) -> Iterable[str]:
        if not any(character.isupper() for character in password):
            yield "upper_case"
        if not any(character.islower() for character in password):
            yield "lower_case"
        if not any(character.isdigit() for character in password):
            yield "digit"
        if not any(character in self.specials for character in password):
            yield "special"


def _is_common(password: str) -> bool:
    lowered = password.casefold()
    # "P@ssw0rd2026!" is "password" with substitutes and a suffix that every attacker tries.
    bare = lowered.rstrip(_TAIL)
    trimmed = bare.translate(_LOOKALIKES)
    skeletons = {_repeated_part(_letters(lowered)), _repeated_part(_letters(trimmed))}
    return len(set(lowered)) < _DISTINCT_MIN or not common_passwords().isdisjoint({lowered, bare, trimmed, *skeletons})


def _repeated_part(text: str) -> str:
    """Return the repeated part of a text: "dragon" of "dragondragon"."""
    # A text that repeats itself occurs in its own double before the end of the first copy.
    return text[: (text + text).find(text, 1)]


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalpha())


def _is_about(password: str, words: Iterable[str]) -> bool:
    """Return whether a password has one of these words: with accents or without, split by signs, or with digits for letters."""
    plain = without_accents(password).casefold()
    readings = (plain, plain.translate(_LOOKALIKES), plain.translate(_LOOKALIKES | {ord("1"): "i"}))
    texts = [(reading, _letters(reading)) for reading in readings]
    return any(
        word in plain or (len(word) >= _JOINED_LENGTH_MIN and any(word in text for reading in texts for text in reading))
        for word in words
    )


def _words(texts: Iterable[str]) -> Iterable[str]:
    """Return the words of texts as they may be typed: without accents, "ü" as "u" or "ue", "d'Abbadie" whole and in parts."""
    for text in texts:
        for typed in {without_accents(text), without_accents(text.translate(_UMLAUTS))}:
            lowered = typed.casefold()
            parts = (*re.split(r"[^\w]+|_", lowered), *(_letters(name) for name in lowered.split()))
            yield from (part for part in parts if len(part) >= _WORD_LENGTH_MIN)
