"""Extreme values of each type are refused or answered, and never cause a server error."""

from urllib.parse import quote

import pytest

from services.identity.tests.contract.api import Api
from services.identity.tests.fakes import Fakes

TIMES = [
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999-23:59",
    "9999-12-31T23:59:59",
    "2026-01-01",
    "253402300800",
    "-1e300",
    "infinity",
    "2026-02-30T00:00:00Z",
]
TEXTS = ["\x00", "a\x00b", "\u202enapedn", "\ufffe" * 3, "x" * 10_000, "𐀀" * 64, "\r\nSet-Cookie: a=b"]


@pytest.fixture
async def token(api: Api, fakes: Fakes) -> str:
    fakes.roles.roles = ("admin",)
    return await api.signed_in()


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("field", ["registered_from", "registered_to"])
async def test_extreme_times_in_filters(api: Api, token: str, field: str, time: str) -> None:
    assert (await api.get(f"/users?reason=complaint+4711&{field}={quote(time)}", token=token)).status_code in {200, 422}


@pytest.mark.parametrize("path", ["/users", "/sessions", "/devices", "/wallet-addresses", "/device-keys", "/auth/recovery"])
@pytest.mark.parametrize("page", ["9223372036854775807", "1" + "0" * 40, "100000000000000000", "-1", "1e3"])
async def test_extreme_page_numbers(api: Api, token: str, path: str, page: str) -> None:
    why = "&reason=complaint+4711" if path in {"/users", "/auth/recovery"} else ""
    answer = await api.get(f"{path}?page={page}&per_page=100{why}", token=token)
    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("text", TEXTS)
async def test_extreme_texts(api: Api, token: str, text: str) -> None:
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    answers = [
        await api.patch(f"/devices/{api.device_id}", {"name": text}, token=token),
        await api.patch(f"/users/{user_id}", {"full_name": text}, token=token),
        await api.patch(f"/users/{user_id}", {"username": text}, token=token),
        await api.post("/wallet-addresses", {"label": text}, token=token),
        await api.post("/auth/password-reset", {"email": text}),
        await api.post("/auth/login/verify", {"challenge": text, "code": text}),
        await api.post("/auth/step-up", {"code": text}, token=token),
        await api.post(f"/users/{user_id}/suspend", {"reason": text}, token=token),
        await api.post(f"/users/{user_id}/unlock", {"reason": text}, token=token),
        await api.get(f"/users?reason=complaint+4711&username={quote(text)}", token=token),
        await api.get(f"/users?reason=complaint+4711&phone={quote(text)}", token=token),
        await api.get(f"/wallet-addresses/look-up?address={quote(text)}", token=token),
        await api.get(f"/wallet-addresses/{quote(text, safe='')}", token=token),
        await api.login(email=None, username=text),
        await api.login(device_token=text),
    ]
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
