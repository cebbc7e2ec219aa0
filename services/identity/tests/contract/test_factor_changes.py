"""How a change of second factors affects the user's other sessions."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.passkeys import add_passkey
from services.identity.tests.fakes import Fakes

Change = Callable[[Api, App, str], Awaitable[httpx.Response]]


async def live(api: Api, token: str) -> set[str]:
    listed = (await api.get("/sessions?live=true", token=token)).json()["data"]["items"]
    return {session["id"] for session in listed}


async def add(api: Api, app: App, query: str) -> httpx.Response:
    return await add_passkey(api, app.token, Authenticator(), end_other_sessions=not query)


async def remove_passkey(api: Api, app: App, query: str) -> httpx.Response:
    passkey_id = (await add_passkey(api, app.token, Authenticator(), end_other_sessions=False)).json()["data"]["id"]
    return await api.delete(f"/auth/factors/passkeys/{passkey_id}{query}", token=app.token)


async def remove_app(api: Api, app: App, query: str) -> httpx.Response:
    return await api.delete(f"/auth/factors/totp{query}", token=app.token)


async def renew_backup_codes(api: Api, app: App, query: str) -> httpx.Response:
    return await api.post(f"/auth/factors/backup-codes{query}", token=app.token)


CHANGES = [add, remove_passkey, remove_app, renew_backup_codes]


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    """A user with an authenticator app, just verified with two factors, and a second session on another device."""
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)
    app.token = stepped.json()["data"]["access_token"]
    clock.advance(seconds=60)
    challenge = (await api.login(device_id=str(uuid4()))).json()["data"]["challenge"]
    assert (await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).status_code == 200
    assert len(await live(api, app.token)) == 2
    return app


@pytest.mark.clause("ASVS 7.4.3")
@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_factor_ends_the_other_sessions(
    api: Api, app: App, database: Database, fakes: Fakes, change: Change
) -> None:
    assert (await change(api, app, "")).is_success
    assert len(await live(api, app.token)) == 1
    ended = (await rows(database, "SELECT id, end_reason FROM sessions WHERE ended_at IS NOT NULL"))[0]
    assert (ended.end_reason, ended.id in fakes.revocations.ended) == ("factor_changed", True)


@pytest.mark.clause("ASVS 7.4.3")
@pytest.mark.parametrize("change", CHANGES)
async def test_the_owner_may_keep_the_other_sessions(api: Api, app: App, change: Change) -> None:
    assert (await change(api, app, "?end_other_sessions=false")).is_success
    assert len(await live(api, app.token)) == 2


@pytest.mark.clause("ASVS 7.4.3")
async def test_the_first_factor_ends_the_sessions_that_began_without_one(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    elsewhere = (await api.login(device_id=str(uuid4()))).json()["data"]
    await second_factor(api, token, clock)
    assert len(await live(api, token)) == 1
    refused = await api.refresh(elsewhere["refresh_token"])
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_003")


async def test_a_request_that_changes_no_factor_ends_no_session(api: Api, clock: ControlledClock) -> None:
    token = await api.signed_in()
    await api.login(device_id=str(uuid4()))
    await api.post("/auth/factors/totp", token=token)
    assert (await api.post("/auth/factors/totp/confirm", {"code": "000000"}, token=token)).status_code == 401
    begun = (await api.post("/auth/factors/passkeys/options", token=token)).json()["data"]
    forged = {"ceremony_id": begun["ceremony_id"], "name": "Work laptop", "credential": {"id": "forged"}}
    assert (await api.post("/auth/factors/passkeys", forged, token=token)).status_code == 401
    assert len(await live(api, token)) == 2


async def rows(database: Database, query: str) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(text(query))).all())
