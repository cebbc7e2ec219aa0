"""Removes secrets and personal data from log lines.

There are two rules. A key that names a secret hides its whole value. Text that looks like a credential, an e-mail address or a
telephone number is hidden everywhere, also in error messages and tracebacks.
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
# Lengths are limited, or a long text without a match would take quadratic time.
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
# Every match of the above contains one of these. Most texts contain none, and this check is twenty times cheaper.
_MARKS = ("@", "+", "eyj", "bearer", "password=")
# Types that render as themselves; subclasses such as enums may not.
_PLAIN = frozenset({str, int, float, bool, type(None)})
_DEPTH_MAX = 6
_ITEMS_MAX = 100
_TEXT_LENGTH_MAX = 16_384


def redact(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact a log line; the last structlog processor before rendering."""
    return {key: _clean_field(key, value, 0) for key, value in fields.items()}


def is_plain(fields: Mapping[str, Any]) -> bool:
    """Return whether no key names a secret and every value is a string, number, boolean or null."""
    return all(value.__class__ in _PLAIN and not _is_secret(key) for key, value in fields.items())


def is_harmless(text: str) -> bool:
    """Return whether nothing in a text or rendered line can look secret or personal."""
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
    # Return plain JSON: another object would be rendered later, without redaction.
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
