"""Parsing of e-mail addresses and telephone numbers."""

from typing import Protocol


class Contacts(Protocol):
    def email(self, text: str) -> str:
        """Return an e-mail address as given, for delivery. Raise InvalidEmail."""

    def phone(self, text: str) -> str:
        """Return a telephone number in E.164. Raise InvalidPhone."""

    def mobile(self, text: str) -> str:
        """Return a number that can receive text messages, in E.164. Raise InvalidPhone, or NoTextMessages for other kinds."""
