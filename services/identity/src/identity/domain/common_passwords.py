"""Passwords that attackers try first: the 30,000 most used by zxcvbn's list (MIT, licence in this folder), and our additions.

The list is part of the package, because the service must not ask the network. It is unpacked at the first check of a password.
"""

import gzip
from functools import cache
from importlib.resources import files


@cache
def common_passwords() -> frozenset[str]:
    """Return the passwords in lower case."""
    packed = files(__package__).joinpath("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().splitlines())
