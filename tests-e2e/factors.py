"""Add a second factor to a person, and step up with it."""

from authenticator import Authenticator
from journey import Api, Person


async def add_second_factor(api: Api, person: Person, *, end_other_sessions: bool = True) -> Authenticator:
    """Register an authenticator app."""
    app = Authenticator((await api.data("POST", "/auth/factors/totp", by=person, expect=201))["secret"])
    path = "/auth/factors/totp/confirm" + ("" if end_other_sessions else "?end_other_sessions=false")
    codes = await api.data("POST", path, by=person, code=app.code())
    assert len(codes["backup_codes"]) == 10
    return app


async def step_up(api: Api, person: Person, app: Authenticator) -> None:
    """Authenticate with both factors, for operations that require it within the last minutes."""
    answer = await api.data("POST", "/auth/step-up", by=person, password=person.password, code=app.code())
    person.access_token = answer["access_token"]
