"""The secrets of one checkout's platform: made once, kept in a file that only its owner reads."""

import base64
import os
import secrets
import string
from pathlib import Path

from elcorp_local.ports import SERVICES

_SPECIAL = "!@#$%^&*"


def load_or_create(file: Path) -> tuple[dict[str, str], bool]:
    """Return the secrets, and whether they were made just now.

    Keys: ELCORP_MASTER_KEY, ELCORP_ADMIN_EMAIL, ELCORP_ADMIN_PASSWORD, and <SERVICE>_<OWNER|APP>_PASSWORD for each
    database role. ELCORP_ADMIN_PASSWORD in the environment is taken instead of a generated one, at the first start.
    """
    if file.exists():
        lines = (line.partition("=") for line in file.read_text().splitlines() if "=" in line)
        return {name: value for name, _, value in lines}, False
    made = {
        "ELCORP_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ELCORP_ADMIN_EMAIL": os.environ.get("ELCORP_ADMIN_EMAIL", "admin@elcorp.na"),
        "ELCORP_ADMIN_PASSWORD": os.environ.get("ELCORP_ADMIN_PASSWORD") or password(),
    }
    for service in SERVICES:
        for role in ("OWNER", "APP"):
            made[f"{service.upper()}_{role}_PASSWORD"] = secrets.token_urlsafe(24)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Created unreadable to others, then moved into place: never half-written, never readable in between.
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in made.items()))
    draft.rename(file)
    return made, True


def password(length: int = 20) -> str:
    """Make a password with lower and upper case, digits and special characters, each at least once."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SPECIAL)
    while True:
        made = "".join(secrets.choice("".join(classes)) for _ in range(length))
        if all(any(character in of_class for character in made) for of_class in classes):
            return made
