"""The program of a User-Agent, in words that its owner understands: "Firefox 140 on Windows"."""

import re
from functools import lru_cache
from typing import Final

# The native matcher (the extra "regex") takes linear time, and strangers send the input.
from ua_parser import parse

_REMEMBERED: Final = 1024
# RFC 9110 section 10.1.5: other clients begin with their product, "elcorp-journey/1.0".
_PRODUCT: Final = re.compile(r"[A-Za-z0-9._-]{1,40}(?:/[A-Za-z0-9._-]{1,20})?")


@lru_cache(_REMEMBERED)
def program_of(user_agent: str) -> str | None:
    """Return the program's name, or None if it is unknown. A program can claim to be another."""
    parsed = parse(user_agent)
    browser, system = parsed.user_agent, parsed.os
    if browser:
        program = f"{browser.family} {browser.major}" if browser.major else browser.family
    elif product := _PRODUCT.match(user_agent):
        program = product[0].replace("/", " ")
    else:
        return None
    return f"{program} on {system.family}" if system and system.family != program.split()[0] else program
