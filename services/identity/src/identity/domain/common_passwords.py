"""Passwords that attackers try first: 30,000 of the most used, by zxcvbn's list (MIT, its licence lies beside), and ours.

Kept packed in the package, for nothing is asked of the network; unpacked at the first password that is judged.
"""

import gzip
from functools import cache
from importlib.resources import files


@cache
def common_passwords() -> frozenset[str]:
    """Return them in lower case."""
    packed = files(__package__).joinpath("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().splitlines())
