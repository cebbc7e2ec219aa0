"""Requesting a recovery, confirming it by the code from the mailbox, and deciding on it as another person."""

from uuid import UUID, uuid4

import httpx

from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.fakes import Fakes
from services.identity.tests.people import CODE

REASON = "Seen in person with their identity card"


async def confirm_recovery(api: Api, asked: httpx.Response, code: str = CODE) -> httpx.Response:
    body = {"verification_id": asked.json()["data"]["verification_id"], "code": code}
    return await api.post("/auth/recovery/confirm", body)


async def ask_recovery(
    api: Api, *, device_id: UUID | None = None, confirmed: bool = True, reason: str = "lost", **login: str
) -> httpx.Response:
    """Request on a device that nobody else has, or on this one, and confirm the code from the mail."""
    challenge = (await api.login(device_id=str(device_id or uuid4()), **login)).json()["data"]["challenge"]
    asked = await api.post("/auth/recovery", {"challenge": challenge, "reason": reason})
    if asked.is_success and confirmed:
        assert (await confirm_recovery(api, asked)).status_code == 200
    return asked


async def decide(api: Api, request_id: str, token: str, *, approve: bool = True, key: str | None = None) -> httpx.Response:
    body = {"approve": approve, "reason": REASON}
    return await api.post(f"/auth/recovery/{request_id}/decision", body, token=token, key=key)


async def administrator(api: Api, fakes: Fakes, clock: ControlledClock, *, name: str, phone: str) -> App:
    """An administrator who has just verified two factors; `token` belongs to that session."""
    fakes.roles.roles = ("admin",)
    app = await second_factor(api, await api.signed_in(email=f"{name}@example.na", phone=phone), clock)
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)
    app.first_token, app.token = app.token, stepped.json()["data"]["access_token"]
    fakes.roles.roles = ("user",)
    return app
