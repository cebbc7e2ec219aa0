"""Who a user is: personal data, kept sealed under a key of the user's own."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from identity.domain.email_address import lower_ascii
from identity.domain.errors import InvalidName, InvalidUsername, ReservedUsername
from identity.domain.reserved_usernames import is_reserved
from kernel.texts import has_letter, is_seen

FULL_NAME_LENGTH = range(2, 101)
ORGANIZATION_LENGTH = range(1, 101)
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`email` and `phone` (E.164) come parsed; `phone` is missing where another user has verified it.

    `email_as_given`: mail goes to `email` as its owner wrote it. Earlier releases stored it folded.
    """

    full_name: str
    email: str
    phone: str | None
    organization: str | None = None
    email_as_given: bool = True

    @classmethod
    def of(cls, *, full_name: str, email: str, phone: str | None, organization: str | None = None) -> "Profile":
        """Build a profile from outside input, with outer and doubled spaces gone; raises InvalidName."""
        name, of = _names(full_name, organization)
        return cls(full_name=name, email=email, phone=phone, organization=of)

    def with_details(self, *, full_name: str, organization: str | None) -> "Profile":
        """Replace what needs no proof; raises InvalidName."""
        name, of = _names(full_name, organization)
        return replace(self, full_name=name, organization=of)

    def with_email(self, email: str) -> "Profile":
        """Replace the address by one as it was given."""
        return replace(self, email=email, email_as_given=True)

    def with_phone(self, phone: str | None) -> "Profile":
        return replace(self, phone=phone)

    @property
    def words(self) -> tuple[str, ...]:
        """What a password of this person must not contain."""
        return (self.full_name, self.email.partition("@")[0], self.organization or "")


def canonical_username(username: str) -> str:
    """Return the form in which usernames are unique; raises InvalidUsername."""
    # Letters beyond ASCII are refused and never lowered: the KELVIN SIGN's small letter is "k".
    lowered = lower_ascii(username.strip())
    if not _USERNAME.fullmatch(lowered):
        raise InvalidUsername(field="username")
    return lowered


def chosen_username(username: str) -> str:
    """Return the canonical form of a username that its user chooses; raises InvalidUsername or ReservedUsername."""
    canonical = canonical_username(username)
    if is_reserved(canonical):
        raise ReservedUsername(field="username")
    return canonical


def _names(full_name: str, organization: str | None) -> tuple[str, str | None]:
    # Asked of what is given alone: what an earlier release has stored must be read as it is.
    name = _tidy("full_name", full_name, FULL_NAME_LENGTH, is_name=has_letter)
    of = (
        _tidy("organization", organization, ORGANIZATION_LENGTH, is_name=_has_letter_or_digit)
        if organization is not None
        else None
    )
    return name, of


def _tidy(field: str, text: str, lengths: range, *, is_name: Callable[[str], bool]) -> str:
    tidy = " ".join(unicodedata.normalize("NFC", text).split())
    if len(tidy) not in lengths or not is_seen(tidy) or not is_name(tidy):
        raise InvalidName(field=field, length_min=lengths.start, length_max=lengths.stop - 1)
    return tidy


def _has_letter_or_digit(text: str) -> bool:
    return has_letter(text) or any(character.isdigit() for character in text)
