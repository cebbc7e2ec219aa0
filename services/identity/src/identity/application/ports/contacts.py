"""How e-mail addresses and telephone numbers are parsed."""

from typing import Protocol


class Contacts(Protocol):
    def email(self, text: str) -> str:
        """Return an e-mail address as it was given, for delivery; raises InvalidEmail."""

    def phone(self, text: str) -> str:
        """Return a telephone number in E.164; raises InvalidPhone."""

    def mobile(self, text: str) -> str:
        """Return a number that receives text messages, in E.164; raises InvalidPhone, or NoTextMessages for other kinds."""
