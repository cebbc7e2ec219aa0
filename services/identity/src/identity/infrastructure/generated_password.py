"""Passwords for users who did not choose one."""

import secrets
import string

_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!@#$%^&*")
LENGTH = 24


def generate_password() -> str:
    """Return a random password with characters of every class."""
    while True:
        password = "".join(secrets.choice("".join(_CLASSES)) for _ in range(LENGTH))
        if all(any(character in of_class for character in password) for of_class in _CLASSES):
            return password
