"""Codes as people type them."""

import unicodedata
from typing import Final

# Spaces and line breaks, dashes, and marks that are not seen: apps show "123 456", mail programs copy more than the code.
_IGNORED: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"})
# A minus is a symbol by its category, and a dash to people who type it.
_MINUS: Final = "\u2212"


def read_code(text: str) -> str:
    """Return a code without the spaces and dashes that it was typed or shown with."""
    return "".join(sign for sign in text if sign != _MINUS and unicodedata.category(sign) not in _IGNORED)
