"""Codes as people type them."""

import unicodedata
from typing import Final

# Spaces and line breaks, dashes, and invisible characters: apps show "123 456", mail programs copy more than the code.
_IGNORED: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"})
# Unicode classifies a minus as a symbol, but people type it as a dash.
_MINUS: Final = "\u2212"


def read_code(text: str) -> str:
    """Return a code without the spaces and dashes of its typed or shown form."""
    return "".join(sign for sign in text if sign != _MINUS and unicodedata.category(sign) not in _IGNORED)
