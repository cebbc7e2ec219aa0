"""Usernames by which somebody would pass for the platform: nobody registers them, or what looks like them."""

import re
from collections.abc import Iterator
from typing import Final

# Part of a name or all of it: whose platform it is.
_PLATFORM: Final = "elcorp"
# As a word of a name: "maria.support" answers questions, it seems.
_OFFICES: Final = frozenset(
    (
        *("admin", "admins", "administrator", "administrators", "sysadmin", "superuser"),
        *("helpdesk", "moderator", "official", "support"),
    )
)
# As the whole name. RFC 2142 names mailboxes of every domain.
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
# A digit is read as one letter or another: "adm1n", "e1corp".
_READ_AS: Final = (str.maketrans("013457", "oieast"), str.maketrans("013457", "oleast"))


def is_reserved(username: str) -> bool:
    """Tell whether a username, in its canonical form, is the platform's, also with digits around it or in place of letters."""
    return any(_is_reserved(reading) for reading in _readings(username))


def _readings(username: str) -> Iterator[str]:
    for bare in (username, username.strip("0123456789._-")):
        yield bare
        for letters in _READ_AS:
            # Two letters that look like one: "adrnin", "e1corp".
            yield bare.translate(letters).replace("rn", "m").replace("vv", "w")


def _is_reserved(reading: str) -> bool:
    words = [word.strip("0123456789") for word in _SEPARATORS.split(reading)]
    whole = "".join(words)
    # "adminteam", "superadmin", "techsupport"; no name of a person begins or ends so.
    is_office = whole.startswith("admin") or whole.endswith(("admin", "support")) or not _OFFICES.isdisjoint(words)
    return _PLATFORM in whole or whole in _WHOLE or is_office
