"""A user's personal data, sealed under the user's own key."""

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
    """`email` and `phone` (E.164) are already parsed. `phone` is None if another user has verified the number.

    `email_as_given`: `email` is as its owner wrote it, which mail needs. Earlier releases stored it folded.
    """

    full_name: str
    email: str
    phone: str | None
    organization: str | None = None
    email_as_given: bool = True

    @classmethod
    def of(cls, *, full_name: str, email: str, phone: str | None, organization: str | None = None) -> "Profile":
        """Create a profile from input. Trim and collapse spaces. Raise InvalidName."""
        name, of = _names(full_name, organization)
        return cls(full_name=name, email=email, phone=phone, organization=of)

    def with_details(self, *, full_name: str, organization: str | None) -> "Profile":
        """Replace the details that need no verification. Raise InvalidName."""
        name, of = _names(full_name, organization)
        return replace(self, full_name=name, organization=of)

    def with_email(self, email: str) -> "Profile":
        """Replace the address with one as given."""
        return replace(self, email=email, email_as_given=True)

    def with_phone(self, phone: str | None) -> "Profile":
        return replace(self, phone=phone)

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the user's password must not contain."""
        return (self.full_name, self.email.partition("@")[0], self.organization or "")


def canonical_username(username: str) -> str:
    """Return the form in which usernames are unique. Raise InvalidUsername."""
    # Refuse letters beyond ASCII instead of lowering them: the KELVIN SIGN's small letter is "k".
    lowered = lower_ascii(username.strip())
    if not _USERNAME.fullmatch(lowered):
        raise InvalidUsername(field="username")
    return lowered


def chosen_username(username: str) -> str:
    """Return the canonical form of a username that a user chooses. Raise InvalidUsername or ReservedUsername."""
    canonical = canonical_username(username)
    if is_reserved(canonical):
        raise ReservedUsername(field="username")
    return canonical


def _names(full_name: str, organization: str | None) -> tuple[str, str | None]:
    # Check only new input: names that an earlier release stored must stay readable.
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
