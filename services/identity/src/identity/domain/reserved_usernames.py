"""Usernames that look like the platform's. Users cannot choose them, or names that look like them."""

import re
from collections.abc import Iterator
from typing import Final

# Reserved anywhere in a name: the platform's own name.
_PLATFORM: Final = "elcorp"
# Reserved as a word of a name: "maria.support" seems to be staff.
_OFFICES: Final = frozenset(
    (
        *("admin", "admins", "administrator", "administrators", "sysadmin", "superuser"),
        *("helpdesk", "moderator", "official", "support"),
    )
)
# Reserved as the whole name. RFC 2142 names mailboxes of every domain.
_WHOLE: Final = _OFFICES | frozenset(
    word
    for line in (
        "abuse accounts anonymous api audit auditor bank billing compliance contact customercare",
        "customerservice everybody everyone finance gateway governance guest help hostmaster identity info",
        "legal mail mailerdaemon nobody noc noreply null operator owner payments postmaster privacy root",
        "security self service services staff system team treasury undefined user webmaster www",
    )
    for word in line.split()
)
_SEPARATORS: Final = re.compile(r"[._-]+")
# A digit can stand for different letters: "adm1n", "e1corp".
_READ_AS: Final = (str.maketrans("013457", "oieast"), str.maketrans("013457", "oleast"))


def is_reserved(username: str) -> bool:
    """Return whether a canonical username is reserved, also with digits around it or in place of letters."""
    return any(_is_reserved(reading) for reading in _readings(username))


def _readings(username: str) -> Iterator[str]:
    for bare in (username, username.strip("0123456789._-")):
        yield bare
        for letters in _READ_AS:
            # Two letters that look like one: "adrnin".
            yield bare.translate(letters).replace("rn", "m").replace("vv", "w")


def _is_reserved(reading: str) -> bool:
    words = [word.strip("0123456789") for word in _SEPARATORS.split(reading)]
    whole = "".join(words)
    # "adminteam", "superadmin", "techsupport". No person's name begins or ends like that.
    is_office = whole.startswith("admin") or whole.endswith(("admin", "support")) or not _OFFICES.isdisjoint(words)
    return _PLATFORM in whole or whole in _WHOLE or is_office
