"""Codes of authenticator apps: SHA-1, six digits, thirty seconds, which every app supports (RFC 6238)."""

from datetime import datetime
from typing import Final

import pyotp
from pyotp.exceptions import OTPVerificationError

_ISSUER: Final = "Elcorp"
# 32 characters of base32 are 160 bits.
_SECRET_CHARACTERS: Final = 32
# One step in both directions, because clocks drift and people type slowly. So a code is valid for 90 s, not 30 s (ASVS 6.5.5).
_WINDOW: Final = 1


class PyotpCodes:
    def new_secret(self) -> str:
        return pyotp.random_base32(_SECRET_CHARACTERS)

    def uri(self, secret: str, account: str) -> str:
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=_ISSUER)

    def step_of(self, secret: str, code: str, *, at: datetime) -> int | None:
        try:
            return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=at, valid_window=_WINDOW)
        except OTPVerificationError:
            return None
