"""Codes typed with spaces or dashes, at every operation that takes a code."""

from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator_app import App
from services.identity.tests.people import CODE


def spaced(code: str) -> str:
    return f" {code[:3]} {code[3:]}\u00a0"


def dashed(code: str) -> str:
    return f"{code[:3]}\u2013{code[3:]}"


async def test_codes_of_mail_and_text_messages_may_have_spaces_and_dashes(api: Api) -> None:
    pending = (await api.request_registration()).json()["data"]["verification_id"]
    assert (await api.verify(pending, code=spaced(CODE))).status_code == 200
    token = (await api.login()).json()["data"]["access_token"]
    for path, body, channel in (("email", {"email": "new@example.na"}, "email"), ("phone", {"phone": "+264811234569"}, "phone")):
        pending = (await api.post(f"/users/me/{path}", body, token=token)).json()["data"]["verification_id"]
        assert (await api.verify(pending, code=dashed(CODE), channel=channel)).status_code == 200, path


async def test_codes_of_an_app_and_backup_codes_may_have_spaces_and_dashes(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    secret = (await api.post("/auth/factors/totp", token=token)).json()["data"]["secret"]
    app = App(secret, token, (), clock)
    confirmed = await api.post("/auth/factors/totp/confirm", {"code": spaced(app.code())}, token=token)
    assert confirmed.status_code == 200, confirmed.text
    backup = confirmed.json()["data"]["backup_codes"]
    clock.advance(seconds=30)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": dashed(app.code())}, token=token)
    assert stepped.status_code == 200
    clock.advance(seconds=30)
    for code in (spaced(app.code()), backup[0].replace("-", "\u2011"), backup[1].replace("-", "")):
        challenge = (await api.login()).json()["data"]["challenge"]
        assert (await api.post("/auth/login/verify", {"challenge": challenge, "code": code})).status_code == 200, code
