"""Changing passwords, resetting them by mail, and requiring another user to reset theirs."""

import asyncio
from itertools import pairwise

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.mailbox import sent
from services.identity.tests.contract.password_resets import NEW_PASSWORD, ask_reset, reset_links, reset_password
from services.identity.tests.contract.people import JOHANNES, sign_in_johannes
from services.identity.tests.fakes import Fakes
from services.identity.tests.stored import rows

CHANGED_PASSWORD = "Kavango-Morning-63?*"


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    return app


@pytest.fixture
async def user_id(api: Api) -> str:
    """Johannes, who has registered."""
    return str((await api.register(**JOHANNES)).json()["data"]["id"])


@pytest.fixture
async def admin(api: Api, fakes: Fakes, user_id: str) -> str:
    """An administrator's access token."""
    fakes.roles.roles = ("admin",)
    token = await api.signed_in()
    fakes.roles.roles = ("user",)
    return token


@pytest.mark.clause("ASVS 6.4.6")
async def test_an_administrator_requires_a_new_password_but_never_chooses_one(
    api: Api, database: Database, admin: str, user_id: str
) -> None:
    """ASVS 6.4.6."""
    pair = (await api.login(email=JOHANNES["email"])).json()["data"]
    path = f"/users/{user_id}/password-reset"
    chosen = {"reason": "Phished", "password": CHANGED_PASSWORD}
    assert refusal(await api.post(path, chosen, token=admin)) == (422, "VAL_001")
    assert (await api.post(path, {"reason": "Phished"}, token=admin)).status_code == 204
    assert refusal(await api.login(email=JOHANNES["email"])) == (401, "AUTH_001")
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_003")
    assert (await sent(database))[-1] == "password_reset_required"


async def change(api: Api, user_id: str, token: str, current: str, new: str) -> httpx.Response:
    return await api.patch(f"/users/{user_id}/password", {"current_password": current, "new_password": new}, token=token)


@pytest.mark.clause("ASVS 6.2.3", "ASVS 6.3.7", "ASVS 7.4.3")
async def test_changing_the_password_needs_the_current_one_and_ends_other_sessions(
    api: Api, database: Database, user_id: str
) -> None:
    """ASVS 6.2.3, 7.4.3."""
    elsewhere = (await api.login(email=JOHANNES["email"], device_id="0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10")).json()["data"]
    here = (await api.login(email=JOHANNES["email"])).json()["data"]
    token = here["access_token"]
    assert refusal(await change(api, user_id, token, "Wrong-Sunrise-47!", CHANGED_PASSWORD)) == (401, "AUTH_001")
    assert (await change(api, user_id, token, PASSWORD, CHANGED_PASSWORD)).status_code == 200
    other_device = await api.refresh(elsewhere["refresh_token"], device_id="0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10")
    assert refusal(other_device) == (401, "AUTH_003")
    assert (await api.refresh(here["refresh_token"])).status_code == 200
    assert refusal(await api.login(email=JOHANNES["email"])) == (401, "AUTH_001")
    assert (await api.login(email=JOHANNES["email"], password=CHANGED_PASSWORD)).status_code == 200
    assert (await sent(database))[-1] == "password_changed"


@pytest.mark.clause("PCI 8.3.7")
async def test_none_of_the_last_five_passwords_is_accepted_again(api: Api, clock: ControlledClock, user_id: str) -> None:
    """PCI DSS 8.3.7 asks for four, the platform's brief for five."""
    token = await sign_in_johannes(api)
    passwords = [PASSWORD, *(f"Kavango-{word}-63?*" for word in ("Morning", "Evening", "Winter", "Summer", "Autumn"))]
    for old, new in pairwise(passwords[:-1]):
        assert (await change(api, user_id, token, old, new)).status_code == 200
        clock.advance(seconds=1)
    current = passwords[4]
    for recent in passwords[:5]:
        answer = await change(api, user_id, token, current, recent)
        assert (answer.status_code, "last five" in answer.text) == (422, True)
    assert (await change(api, user_id, token, current, passwords[5])).status_code == 200
    # The first one is now six passwords back.
    assert (await change(api, user_id, token, passwords[5], PASSWORD)).status_code == 200


async def test_guesses_of_the_current_password_are_limited(api: Api, fakes: Fakes, user_id: str) -> None:
    token = await sign_in_johannes(api)
    fakes.attempts.limit = 3
    answers = [(await change(api, user_id, token, f"Wrong-Sunrise-{n}!", CHANGED_PASSWORD)).status_code for n in range(4)]
    assert answers == [401, 401, 401, 429]


async def test_known_and_unknown_addresses_get_the_same_response_and_status(
    api: Api, identity: Identity, database: Database
) -> None:
    await api.register()
    known, unknown = await ask_reset(api), await ask_reset(api, "nobody@example.na")
    assert (known.status_code, known.json()["data"]) == (unknown.status_code, unknown.json()["data"]) == (202, {"accepted": True})
    assert len(await reset_links(identity, database)) == 1


@pytest.mark.clause("ASVS 6.4.2", "ASVS 6.4.3")
async def test_a_reset_ends_every_session_and_never_bypasses_the_second_factor(
    api: Api, app: App, identity: Identity, database: Database, fakes: Fakes
) -> None:
    await ask_reset(api)
    (token,) = await reset_links(identity, database)
    answer = await reset_password(api, token)
    assert (answer.status_code, answer.json()["data"]) == (200, {"reset": True})
    assert await rows(database, "SELECT id FROM sessions WHERE ended_at IS NULL") == []
    assert fakes.revocations.ended
    assert refusal(await api.login()) == (401, "AUTH_001")
    challenged = (await api.login(password=NEW_PASSWORD)).json()["data"]
    assert challenged["methods"] == ["totp", "backup_code"]
    completed = await api.post("/auth/login/verify", {"challenge": challenged["challenge"], "code": app.code()})
    assert completed.status_code == 200


@pytest.mark.clause("ASVS 6.4.2", "ASVS 6.4.3")
async def test_a_link_is_valid_once_for_ten_minutes_and_stored_as_a_digest(
    api: Api, identity: Identity, database: Database, clock: ControlledClock
) -> None:
    await api.register()
    await ask_reset(api)
    (token,) = await reset_links(identity, database)
    ((digest,),) = await rows(database, "SELECT digest FROM password_resets")
    assert (len(digest), token.encode() in bytes(digest), len(token)) == (32, False, 43)
    weak = await reset_password(api, token, "short")
    assert weak.json()["errors"][0]["field"] == "password"
    answers = await asyncio.gather(*(reset_password(api, token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    await ask_reset(api)
    late = (await reset_links(identity, database))[-1]
    clock.advance(seconds=600)
    for stale in (late, token, "made-up"):
        refused = await reset_password(api, stale)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "token")


async def test_only_the_newest_link_is_valid_and_five_an_hour_are_sent(api: Api, identity: Identity, database: Database) -> None:
    await api.register()
    for _ in range(7):
        assert (await ask_reset(api)).status_code == 202
    sent = await reset_links(identity, database)
    assert len(sent) == 5
    assert (await reset_password(api, sent[0])).status_code == 422
    assert (await reset_password(api, sent[-1])).status_code == 200


async def test_a_changed_password_ends_a_pending_sign_in(api: Api, app: App, identity: Identity, database: Database) -> None:
    challenge = (await api.login()).json()["data"]["challenge"]
    await ask_reset(api)
    await reset_password(api, (await reset_links(identity, database))[0])
    completed = await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})
    assert refusal(completed) == (401, "AUTH_001")


async def test_a_changed_password_voids_pending_links(api: Api, identity: Identity, database: Database) -> None:
    token = await api.signed_in()
    await ask_reset(api)
    (link,) = await reset_links(identity, database)
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    changed = await api.patch(
        f"/users/{user_id}/password", {"current_password": PASSWORD, "new_password": "Etosha-Morning-58!"}, token=token
    )
    assert changed.status_code == 200, changed.text
    assert (await reset_password(api, link)).status_code == 422


async def test_a_changed_address_voids_the_links_in_the_old_mailbox(api: Api, identity: Identity, database: Database) -> None:
    token = await api.signed_in()
    await ask_reset(api)
    (link,) = await reset_links(identity, database)
    pending = (await api.post("/users/me/email", {"email": "new@example.na"}, token=token)).json()["data"]
    assert (await api.verify(pending["verification_id"])).status_code == 200
    assert (await reset_password(api, link)).status_code == 422


async def test_a_reset_clears_the_failed_attempts_on_the_old_password(
    api: Api, identity: Identity, database: Database, fakes: Fakes
) -> None:
    await api.register(username="ndapewa")
    fakes.attempts.limit = 1
    for _ in range(2):
        await api.login(password=NEW_PASSWORD)
        await api.login(email=None, username="ndapewa", password=NEW_PASSWORD)
    assert refusal(await api.login()) == (429, "RATE_001")
    await ask_reset(api)
    assert (await reset_password(api, (await reset_links(identity, database))[0])).status_code == 200
    assert (await api.login(password=NEW_PASSWORD)).status_code == 200
    assert (await api.login(email=None, username="ndapewa", password=NEW_PASSWORD)).status_code == 200
