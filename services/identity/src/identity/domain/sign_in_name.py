"""The name that a user signs in with: an e-mail address or a username."""

from dataclasses import dataclass
from enum import StrEnum

from identity.domain.email_address import canonical_email, lower_ascii


class NameKind(StrEnum):
    EMAIL = "email"
    USERNAME = "username"


@dataclass(frozen=True, slots=True)
class SignInName:
    """What a user signs in by, in the form in which it is unique."""

    kind: NameKind
    text: str

    @classmethod
    def email(cls, text: str) -> "SignInName":
        return cls(NameKind.EMAIL, canonical_email(text))

    @classmethod
    def username(cls, text: str) -> "SignInName":
        # Not refused for its form: a name that cannot exist is answered like one that does not.
        return cls(NameKind.USERNAME, lower_ascii(text.strip()))
