"""The name that a user signs in with: an e-mail address or a username."""

from dataclasses import dataclass
from enum import StrEnum

from identity.domain.email_address import canonical_email, lower_ascii


class NameKind(StrEnum):
    EMAIL = "email"
    USERNAME = "username"


@dataclass(frozen=True, slots=True)
class SignInName:
    """A sign-in name in the form in which it is unique."""

    kind: NameKind
    text: str

    @classmethod
    def email(cls, text: str) -> "SignInName":
        return cls(NameKind.EMAIL, canonical_email(text))

    @classmethod
    def username(cls, text: str) -> "SignInName":
        # Do not refuse an impossible name: it must get the same response as an unknown one.
        return cls(NameKind.USERNAME, lower_ascii(text.strip()))
