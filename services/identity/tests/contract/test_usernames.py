"""Reserved usernames of the platform: nobody can register one; staff may assign one."""

from typing import Any
from urllib.parse import quote

import httpx

from services.identity.tests.contract.api import Api
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes


def refused(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["errors"]


RESERVED = (422, [{"field": "username", "message": "The username is reserved. Choose another one."}])


async def test_the_public_cannot_register_a_reserved_username(api: Api) -> None:
    for username in ("Adm1n", "elcorp-support"):
        assert refused(await api.request_registration(username=username)) == RESERVED


async def test_staff_may_assign_a_reserved_username(api: Api, fakes: Fakes) -> None:
    admin = await signed_in_as(api, fakes, "admin")
    made = await api.post("/users", {"full_name": "Anna Ou", "email": "anna@example.na", "username": "support"}, token=admin)
    assert made.status_code == 201, made.text
    read = await api.get(f"/users/{made.json()['data']['id']}", token=admin)
    assert read.json()["data"]["username"] == "support"


async def test_a_username_is_checked_before_normalization(api: Api, fakes: Fakes) -> None:
    """NFC turns a KELVIN SIGN into a "K"."""
    await api.register(username="kunene")
    admin = await signed_in_as(api, fakes, "admin")

    async def found(username: str) -> int:
        answer = await api.get(f"/users?username={quote(username)}&reason=Called+about+the+account", token=admin)
        return len(answer.json()["data"]["items"])

    assert ((await api.login(email=None, username="Kunene")).status_code, await found("Kunene")) == (200, 1)
    assert ((await api.login(email=None, username="\N{KELVIN SIGN}unene")).status_code, await found("\N{KELVIN SIGN}unene")) == (
        401,
        0,
    )
    hidden = await api.login(email=None, username="kun\u202eene")
    assert refused(hidden) == (422, [{"field": "username", "message": "The character U+202E is not allowed here."}])


async def test_a_number_that_receives_no_messages_is_sent_none(api: Api) -> None:
    landline = "The number cannot receive text messages. Give a mobile number, not a landline, premium or satellite number."
    token = await api.signed_in()
    answer = await api.post("/users/me/phone", {"phone": "+264 61 234 567"}, token=token)
    assert refused(answer) == (422, [{"field": "phone", "message": landline}])
    assert refused(await api.request_registration(phone="+449090123456")) == (422, [{"field": "phone", "message": landline}])
