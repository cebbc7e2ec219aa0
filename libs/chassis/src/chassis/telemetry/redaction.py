"""Log lines hold no secrets and no personal data, whatever they were handed.

Two nets: a key that names something secret hides its whole value, and text that looks like a credential, an e-mail
address or a telephone number is hidden wherever it stands, error messages and tracebacks included.
"""

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"

SECRET_KEYS = (
    "password",
    "passwd",
    "passphrase",
    "token",
    "authorization",
    "secret",
    "cookie",
    "credential",
    "private_key",
    "master_key",
    "api_key",
    "apikey",
    "otp",
    "email",
    "phone",
    "msisdn",
    "national_id",
    "date_of_birth",
    "iban",
    "card_number",
)
_SECRET_KEY = re.compile("|".join(SECRET_KEYS), re.IGNORECASE)
# Lengths are bounded, or a long text without a match would take time by the square of its length.
_SECRET_TEXT = re.compile(
    r"""
      eyJ[\w-]{1,2048}+\.[\w-]++\.[\w-]*                            # a JWT
    | (?<=Bearer\ )[\w.~+/=-]+
    | (?<=://)[^/\s@:]*:[^/\s@]+(?=@)                              # user:password in a URL
    | (?<=password=)\S+                                            # libpq
    | [\w.!#$%&'*+/=?^`{|}~-]{1,64}+@[\w-]++(?:\.[\w-]++)+         # an e-mail address
    | \+[1-9](?:[\s().-]?\d){7,14}                                 # E.164
    """,
    re.VERBOSE | re.IGNORECASE,
)
# None of the above is without one of these; most texts have none, and this look is twenty times cheaper.
_MARKS = ("@", "+", "eyj", "bearer", "password=")
# What renders as itself; subclasses may not (an enum stands for something).
_PLAIN = frozenset({str, int, float, bool, type(None)})
_DEPTH_MAX = 6
_ITEMS_MAX = 100
_TEXT_LENGTH_MAX = 16_384


def redact(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Clean a log line; a structlog processor, the last before rendering."""
    return {key: _clean_field(key, value, 0) for key, value in fields.items()}


def is_plain(fields: Mapping[str, Any]) -> bool:
    """Tell whether no key names a secret and every value is a text, number, boolean or null."""
    return all(value.__class__ in _PLAIN and not _is_secret(key) for key, value in fields.items())


def is_harmless(text: str) -> bool:
    """Tell whether nothing in a text, or in a line made of texts, can look secret or personal."""
    if len(text) > _TEXT_LENGTH_MAX:
        return False
    lower = text.lower()
    return not any(mark in lower for mark in _MARKS)


def scrub(text: str) -> str:
    """Hide what looks secret or personal in free text."""
    text = text[:_TEXT_LENGTH_MAX]
    return text if is_harmless(text) else _SECRET_TEXT.sub(HIDDEN, text)


def _clean_field(key: object, value: object, depth: int) -> object:
    return HIDDEN if value is not None and _is_secret(str(key)) else _clean(value, depth)


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def _clean(value: object, depth: int) -> object:
    # What comes out is plain JSON: an object that is rendered later would be rendered unclean.
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return scrub(value)
    if depth >= _DEPTH_MAX:
        return scrub(str(value))
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_ITEMS_MAX]
        return {scrub(str(key)): _clean_field(key, item, depth + 1) for key, item in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, depth + 1) for item in list(value)[:_ITEMS_MAX]]
    return scrub(str(value))
