"""An authenticator app, as a person has it on the phone (RFC 6238)."""

import time
from dataclasses import dataclass, field
from typing import Final

import pyotp

_STEP_SECONDS: Final = 30


@dataclass
class Authenticator:
    """`secret` is base32. Each code works once, so a second code within a time step is that of the next step."""

    secret: str
    _step: int = field(default=0, repr=False)

    def code(self) -> str:
        self._step = max(self._step + 1, int(time.time()) // _STEP_SECONDS)
        return pyotp.TOTP(self.secret).at(self._step * _STEP_SECONDS)

    def wait_seconds(self) -> float:
        """Return how long to wait until the next code is accepted: that of the present time step or the next."""
        return max(0.0, self._step * _STEP_SECONDS - time.time())
