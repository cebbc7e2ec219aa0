"""A second factor, as an authenticator app has it."""

import time
from typing import Final

import pyotp
from journey import Api, Person

_STEP_SECONDS: Final = 30


async def add_second_factor(api: Api, person: Person, *, end_other_sessions: bool = True) -> str:
    """Register an authenticator app, and return its secret."""
    secret: str = (await api.data("POST", "/auth/factors/totp", by=person, expect=201))["secret"]
    path = "/auth/factors/totp/confirm" + ("" if end_other_sessions else "?end_other_sessions=false")
    codes = await api.data("POST", path, by=person, code=pyotp.TOTP(secret).now())
    assert len(codes["backup_codes"]) == 10
    return secret


async def step_up(api: Api, person: Person, secret: str) -> None:
    """Show both factors, for what asks that they were shown minutes ago."""
    # The code that confirmed it is spent; the next one is good already, for clocks differ.
    code = pyotp.TOTP(secret).at(time.time() + _STEP_SECONDS)
    person.access_token = (await api.data("POST", "/auth/step-up", by=person, password=person.password, code=code))[
        "access_token"
    ]
