"""Limits on password attempts: per name, per address and per known device."""

from itertools import pairwise
from typing import Any
from uuid import uuid4

from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

WRONG = "Wrong-Sunrise-47!"


async def test_failures_on_many_names_from_one_address_end_in_429(api: Api, fakes: Fakes) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["device_token"]
    fakes.attempts.limit_of_address = 4
    for number in range(4):
        assert refusal(await api.login(email=f"name-{number}@example.na", password=WRONG)) == (401, "AUTH_001")
    # An untried name, and the right password of another: the address is what counts.
    for asked in (await api.login(email="another@example.na", password=WRONG), await api.login()):
        assert refusal(asked) == (429, "RATE_001")
        assert asked.headers["Retry-After"] == "60"
    assert (await api.login(device_token=token)).status_code == 200


async def test_each_kind_of_failure_counts_against_the_address_and_a_success_does_not(api: Api, fakes: Fakes) -> None:
    user_id = (await api.register(email="closed@example.na", phone="+264811234563")).json()["data"]["id"]
    admin = await signed_in_as(api, fakes, "admin")
    await api.post(f"/users/{user_id}/suspend", {"reason": "Under investigation"}, token=admin)
    await api.register()
    failures = [{"email": "nobody@example.na"}, {"password": WRONG}, {"email": "closed@example.na"}]
    for number, failing in enumerate(failures):
        for _ in range(2):
            assert (await api.login()).status_code == 200
        assert refusal(await api.login(**failing)) == (401, "AUTH_001")
        assert fakes.attempts.failures == {"198.51.100.7": number + 1}


async def test_a_sign_in_clears_the_attempts_of_its_own_name_only(api: Api, fakes: Fakes) -> None:
    await api.register()
    fakes.attempts.limit = 3
    for _ in range(2):
        await api.login(password=WRONG)
        await api.login(email="johannes@example.na")
    assert (await api.login()).status_code == 200
    assert refusal(await api.login(email="johannes@example.na")) == (401, "AUTH_001")
    assert refusal(await api.login(email="johannes@example.na")) == (429, "RATE_001")
    for _ in range(3):
        assert refusal(await api.login(password=WRONG)) == (401, "AUTH_001")
    assert refusal(await api.login()) == (429, "RATE_001")


async def test_the_names_of_one_user_share_a_count_in_any_spelling(api: Api, fakes: Fakes) -> None:
    await api.register(username="ndapewa")
    fakes.attempts.limit = 4
    names: list[dict[str, Any]] = [
        {"email": "Ndapewa@Example.na"},
        {"email": None, "username": "Ndapewa"},
        {"email": "NDAPEWA@EXAMPLE.NA"},
    ]
    for name in names:
        assert refusal(await api.login(**name, password=WRONG)) == (401, "AUTH_001")
    # The right password under one name clears the wrong attempts under the other.
    assert (await api.login(email=None, username="NDAPEWA")).status_code == 200
    for name in (*names, names[1]):
        assert refusal(await api.login(**name, password=WRONG)) == (401, "AUTH_001")
    for name in names:
        assert refusal(await api.login(**name)) == (429, "RATE_001")


async def test_unknown_names_have_the_same_limit(api: Api, fakes: Fakes) -> None:
    fakes.attempts.limit = 2
    for name in ({"email": "nobody@example.na"}, {"email": None, "username": "nobody"}):
        for _ in range(2):
            assert refusal(await api.login(**name)) == (401, "AUTH_001")
        assert refusal(await api.login(**name)) == (429, "RATE_001")


async def test_changing_the_password_clears_the_failed_attempts_on_it(api: Api, fakes: Fakes) -> None:
    token = await api.signed_in()
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    fakes.attempts.limit = 2
    path, passwords = f"/users/{user_id}/password", [PASSWORD, "Kavango-Morning-63?*", "Kavango-Evening-63?*"]
    for current, new in pairwise(passwords):
        wrong = {"current_password": WRONG, "new_password": new}
        assert refusal(await api.patch(path, wrong, token=token)) == (401, "AUTH_001")
        assert (await api.patch(path, {"current_password": current, "new_password": new}, token=token)).status_code == 200
    assert (await api.login(password=passwords[-1], device_id=str(uuid4()))).status_code == 200


async def test_a_stolen_session_does_not_keep_its_owner_from_changing_the_password_in_another(api: Api, fakes: Fakes) -> None:
    stolen = await api.signed_in()
    own = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]
    user_id = (await api.get("/users/me", token=own)).json()["data"]["id"]
    fakes.attempts.limit = 2
    path, change = f"/users/{user_id}/password", {"current_password": PASSWORD, "new_password": "Kavango-Morning-63?*"}
    for _ in range(2):
        assert refusal(await api.patch(path, {**change, "current_password": WRONG}, token=stolen)) == (401, "AUTH_001")
    assert refusal(await api.patch(path, change, token=stolen)) == (429, "RATE_001")
    assert (await api.patch(path, change, token=own)).status_code == 200


async def test_unlocking_allows_the_current_password_again(api: Api, fakes: Fakes) -> None:
    token = await api.signed_in()
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    admin = await signed_in_as(api, fakes, "admin")
    fakes.attempts.limit = 1
    path, change = f"/users/{user_id}/password", {"current_password": PASSWORD, "new_password": "Kavango-Morning-63?*"}
    assert refusal(await api.patch(path, {**change, "current_password": WRONG}, token=token)) == (401, "AUTH_001")
    assert refusal(await api.patch(path, change, token=token)) == (429, "RATE_001")
    await api.post(f"/users/{user_id}/unlock", {"reason": "Called from the number on file"}, token=admin)
    assert (await api.patch(path, change, token=token)).status_code == 200


async def test_a_sign_in_on_a_known_device_clears_the_attempts_made_there(api: Api, fakes: Fakes) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["device_token"]
    fakes.attempts.limit = 2
    assert refusal(await api.login(password=WRONG, device_id=str(uuid4()))) == (401, "AUTH_001")
    for _ in range(3):
        assert refusal(await api.login(password=WRONG, device_token=token)) == (401, "AUTH_001")
        assert (await api.login(device_token=token)).status_code == 200
    # Attempts from unknown devices still count.
    assert refusal(await api.login(password=WRONG, device_id=str(uuid4()))) == (401, "AUTH_001")
    assert refusal(await api.login(device_id=str(uuid4()))) == (429, "RATE_001")
