"""Random codes."""

import secrets

from identity.domain.one_time_code import DIGITS


def generate_code() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
