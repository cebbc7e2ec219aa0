"""A user's authenticator app."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyotp

from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import Api


@dataclass
class App:
    """`token` belongs to the session that set it up; `first_token` was issued before another factor was verified in it."""

    secret: str
    token: str
    backup_codes: Sequence[str]
    clock: ControlledClock
    first_token: str = ""

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.clock.now(), counter_offset=steps)


async def second_factor(api: Api, token: str, clock: ControlledClock) -> App:
    """Set up an app for the token's user."""
    begun = (await api.post("/auth/factors/totp", token=token)).json()["data"]
    assert begun["uri"].startswith("otpauth://totp/Elcorp:")
    app = App(begun["secret"], token, (), clock)
    confirmed = await api.post("/auth/factors/totp/confirm", {"code": app.code()}, token=token)
    assert confirmed.status_code == 200, confirmed.text
    app.backup_codes = confirmed.json()["data"]["backup_codes"]
    return app
