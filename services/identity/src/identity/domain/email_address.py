"""E-mail addresses: kept as they were given, looked up in one canonical form.

Two texts are one mailbox when their canonical forms are equal. Mail always goes to the address as it was given: `straße` and
`strasse` are two domains, with two owners (UTS 46, non-transitional).
"""

import string
import unicodedata
from typing import Final

import idna

_ASCII_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def canonical_email(email: str) -> str:
    """Return the form in which two spellings of one mailbox are equal, for any text at all.

    NFC; the ASCII letters of the local part in lower case and nothing else folded (RFC 5321 2.4 leaves the rest to the receiving
    host); the domain as A-labels (RFC 5890) by UTS 46, non-transitional.
    """
    local, at, domain = _nfc(email.strip()).rpartition("@")
    return f"{lower_ascii(local)}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """Return a domain as DNS and SMTP have it, in A-labels; what is no domain name, only with its ASCII letters lowered."""
    lowered = lower_ascii(domain)
    if lowered.isascii() and "xn--" not in lowered:
        return lowered
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        # Registration refuses it, so nobody has it: it is looked up in vain like any other.
        return lowered


def lower_ascii(text: str) -> str:
    """Return a text with its ASCII letters in lower case: a KELVIN SIGN stays what it is."""
    return text.translate(_ASCII_LOWER)


def folded_email(email: str) -> str:
    """Return what earlier releases made of an address, to store it and to look it up: all of it folded, its domain in Unicode."""
    local, at, domain = canonical_email(email).rpartition("@")
    return f"{local}{at}{_unicode_domain(domain)}".casefold()


def earlier_index_form(email: str) -> str | None:
    """Return the form under which earlier releases indexed this address, where it is another than today's.

    None as well where folding changed a letter: what lies under that form may be another's.
    """
    canonical = canonical_email(email)
    local, at, domain = canonical.rpartition("@")
    folded = folded_email(email)
    # Folding leaves some letters decomposed; that changes no mailbox.
    is_same_mailbox = _nfc(folded) == _nfc(f"{local}{at}{_unicode_domain(domain)}")
    return folded if is_same_mailbox and folded != canonical else None


def takes_mail(email: str, *, as_given: bool, is_verified: bool) -> bool:
    """Tell whether mail to a user's address may leave.

    Not when the address was stored folded, may have been another mailbox's before that, and no code was ever received there by
    its user (`is_verified`), which would prove it as it stands.
    """
    return as_given or is_verified or not may_have_been_folded(email)


def may_have_been_folded(email: str) -> bool:
    """Tell whether an address that was stored folded may have been given as another mailbox's, which nobody can tell any more.

    Its domain may have had "ß" or a final sigma: UTS 46 keeps no other letter that folding changes. Its local part "ß", or any
    letter beyond ASCII that has a case. The compatibility letters that fold to ASCII, such as a long s, are not counted: no
    mailbox has them (RFC 8264 9.17 keeps them out of identifiers).
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
    # A mark may be what is left of a letter that folding took apart.
    is_mark = unicodedata.category(character).startswith("M")
    return is_mark or not character == character.lower() == character.upper()
