"""The secrets of one checkout's platform: created once, and stored in a file that only its owner can read."""

import base64
import os
import secrets
import string
from collections.abc import Callable, Mapping
from pathlib import Path

from elcorp_local.failure import Failure
from elcorp_local.port_numbers import SERVICES

LENGTH_MIN = 16
_SPECIAL = "!@#$%^&*"
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SPECIAL)


class SecretInvalid(Failure):
    """The platform would refuse a given secret."""


def load_or_create(file: Path) -> tuple[dict[str, str], bool]:
    """Return the secrets, and whether they were just created.

    Keys: ELCORP_MASTER_KEY, ELCORP_APPROVAL_KEY, ELCORP_REPORT_KEY, ELCORP_ADMIN_EMAIL, ELCORP_ADMIN_PASSWORD, and
    <SERVICE>_<OWNER|APP|RELAY>_PASSWORD for each database role. ELCORP_ADMIN_EMAIL and ELCORP_ADMIN_PASSWORD in the environment
    are used at the first start. After that the administrator exists, and its password is changed through the API.
    Raises SecretInvalid.
    """
    kept = load(file)
    made = {name: make() for name, make in _makers().items() if name not in kept}
    if made:
        _write(file, kept | made)
    return kept | made, not kept


def load(file: Path) -> dict[str, str]:
    """Return the file's contents, empty if there is no file."""
    lines = (line.partition("=") for line in file.read_text().splitlines() if "=" in line) if file.exists() else ()
    return {name: value for name, _, value in lines}


def _makers() -> dict[str, Callable[[], str]]:
    roles = [f"{service.upper()}_{role}_PASSWORD" for service in SERVICES for role in ("OWNER", "APP", "RELAY")]
    return {
        "ELCORP_MASTER_KEY": _key,
        "ELCORP_APPROVAL_KEY": _key,
        "ELCORP_REPORT_KEY": _key,
        "ELCORP_ADMIN_EMAIL": lambda: os.environ.get("ELCORP_ADMIN_EMAIL") or "admin@elcorp.na",
        "ELCORP_ADMIN_PASSWORD": lambda: _given_password() or password(),
        **dict.fromkeys(roles, lambda: secrets.token_urlsafe(24)),
    }


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _given_password() -> str | None:
    given = os.environ.get("ELCORP_ADMIN_PASSWORD")
    if given and not (len(given) >= LENGTH_MIN and given.isprintable() and _has_each_class(given)):
        raise SecretInvalid(
            f"ELCORP_ADMIN_PASSWORD must have at least {LENGTH_MIN} characters, with an upper and a lower case letter, "
            f"a digit and one of {_SPECIAL}"
        )
    return given


def _write(file: Path, values: Mapping[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Created unreadable to others, then renamed into place, so that the file is never incomplete or readable to others.
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    draft.rename(file)


def password(length: int = 20) -> str:
    """Make a password with lower and upper case, digits and special characters, each at least once."""
    while True:
        made = "".join(secrets.choice("".join(_CLASSES)) for _ in range(length))
        if _has_each_class(made):
            return made


def _has_each_class(candidate: str) -> bool:
    return all(any(character in of_class for character in candidate) for of_class in _CLASSES)
