"""An authenticator app, as on a person's phone (RFC 6238)."""

import time
from dataclasses import dataclass, field
from typing import Final

import pyotp

_STEP_SECONDS: Final = 30


@dataclass
class Authenticator:
    """`secret` is base32. Each code works once, so a second code within a time step is the code of the next step."""

    secret: str
    _step: int = field(default=0, repr=False)

    def code(self) -> str:
        self._step = max(self._step + 1, int(time.time()) // _STEP_SECONDS)
        return pyotp.TOTP(self.secret).at(self._step * _STEP_SECONDS)

    def wait_seconds(self) -> float:
        """Return how long to wait until the next code is accepted: the code of the current time step or of the next."""
        return max(0.0, self._step * _STEP_SECONDS - time.time())
