"""E-mail addresses: stored as given, looked up in a canonical form.

Two addresses are the same mailbox if their canonical forms are equal. Mail always goes to the address as given: `straße` and
`strasse` are two domains with two owners (UTS 46, non-transitional).
"""

import string
import unicodedata
from typing import Final

import idna

_ASCII_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def canonical_email(email: str) -> str:
    """Return a form that is equal for all spellings of one mailbox. It accepts any text.

    NFC; ASCII letters of the local part in lower case, no other folding (RFC 5321 2.4 leaves the rest to the receiving host);
    the domain as A-labels (RFC 5890) by UTS 46, non-transitional.
    """
    local, at, domain = _nfc(email.strip()).rpartition("@")
    return f"{lower_ascii(local)}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """Return a domain as A-labels, as in DNS and SMTP. Of an invalid domain name, only the ASCII letters are lowered."""
    lowered = lower_ascii(domain)
    if lowered.isascii() and "xn--" not in lowered:
        return lowered
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        # Registration refuses it, so a look-up simply finds nobody.
        return lowered


def lower_ascii(text: str) -> str:
    """Return a text with its ASCII letters in lower case. Other letters, such as the KELVIN SIGN, stay unchanged."""
    return text.translate(_ASCII_LOWER)


def folded_email(email: str) -> str:
    """Return an address as earlier releases stored and looked it up: case-folded as a whole, with its domain in Unicode."""
    local, at, domain = canonical_email(email).rpartition("@")
    return f"{local}{at}{_unicode_domain(domain)}".casefold()


def earlier_index_form(email: str) -> str | None:
    """Return the form under which earlier releases indexed this address, or None if it is the same as today's.

    Also None if folding changed a letter: the address under that form may be another person's.
    """
    canonical = canonical_email(email)
    local, at, domain = canonical.rpartition("@")
    folded = folded_email(email)
    # Folding leaves some letters decomposed, which does not change the mailbox.
    is_same_mailbox = _nfc(folded) == _nfc(f"{local}{at}{_unicode_domain(domain)}")
    return folded if is_same_mailbox and folded != canonical else None


def takes_mail(email: str, *, as_given: bool, is_verified: bool) -> bool:
    """Return whether mail may be sent to a user's address.

    It may not if the address was stored folded, may have been another mailbox's before that, and the user has never received a
    code there (`is_verified`), which would prove the stored form.
    """
    return as_given or is_verified or not may_have_been_folded(email)


def may_have_been_folded(email: str) -> bool:
    """Return whether an address that was stored folded may have been given as the address of another mailbox.

    Its domain may have had "ß" or a final sigma, the only letters changed by folding that UTS 46 keeps. Its local part may have
    had "ß" or any letter with a case beyond ASCII. Compatibility letters that fold to ASCII, such as a long s, do not count: no
    mailbox has them (RFC 8264 9.17 excludes them from identifiers).
    """
    local, _, domain = email.rpartition("@")
    if "ss" in local or "ss" in domain or "\N{GREEK SMALL LETTER SIGMA}" in domain:
        return True
    return any(_has_case(character) for character in local if not character.isascii())


def _unicode_domain(domain: str) -> str:
    try:
        return idna.decode(domain) if "xn--" in domain else domain
    except idna.IDNAError:
        return domain


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _has_case(character: str) -> bool:
    # A mark may be the remainder of a letter that folding decomposed.
    is_mark = unicodedata.category(character).startswith("M")
    return is_mark or not character == character.lower() == character.upper()
