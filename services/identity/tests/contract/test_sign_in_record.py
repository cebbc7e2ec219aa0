"""Every failed sign-in is on record with its user, address and reason, though the response does not contain them."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.passkeys import SIGN_IN, add_passkey, begin
from services.identity.tests.fakes import Fakes

WRONG = "Wrong-Sunrise-47!"
FAILED = "identity.user.sign_in_failed"


async def recorded(database: Database, action: str = FAILED) -> list[Any]:
    query = text("SELECT payload FROM outbox WHERE type = :type ORDER BY position")
    async with database.read() as connection:
        payloads = (await connection.execute(query, {"type": spec_of(compliance.AuditFactsRecorded).type})).scalars()
    messages = [compliance.AuditFactsRecorded.FromString(bytes(payload)) for payload in payloads]
    return [fact for message in messages for fact in message.facts if fact.action == action]


async def reasons(database: Database, action: str = FAILED) -> list[str]:
    return [fact.reason for fact in await recorded(database, action)]


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    return app


@pytest.mark.clause("ASVS 16.3.1")
async def test_each_failure_is_recorded_with_its_reason_and_address(api: Api, database: Database, fakes: Fakes) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    api.client.headers["User-Agent"] = "Elcorp/7.1 (Android)"
    await api.login(email="nobody@example.na")
    await api.login(password=WRONG)
    fakes.attempts.limit = 1
    await api.login(password=WRONG)
    facts = await recorded(database)
    assert [fact.reason for fact in facts] == ["unknown_account", "wrong_password", "throttled"]
    assert [fact.resource_id == user_id for fact in facts] == [False, True, True]
    for fact in facts:
        actor = fact.actor
        assert (actor.ip, actor.user_agent, actor.device_id) == ("198.51.100.7", "Elcorp/7.1 (Android)", str(api.device_id))


@pytest.mark.clause("ASVS 16.3.1")
async def test_only_auditors_see_a_right_password_on_a_closed_account(api: Api, database: Database, fakes: Fakes) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    await api.post(f"/users/{user_id}/suspend", {"reason": "Under investigation"}, token=admin)
    closed, wrong = await api.login(), await api.login(password=WRONG)
    assert (closed.status_code, closed.json()["error"]) == (wrong.status_code, wrong.json()["error"])
    assert await reasons(database) == ["not_active", "wrong_password"]


@pytest.mark.clause("ASVS 16.3.1")
async def test_a_sign_in_that_ends_at_the_second_factor_is_recorded(api: Api, app: App, database: Database) -> None:
    challenge = (await api.login()).json()["data"]["challenge"]
    for _ in range(6):
        await api.post("/auth/login/verify", {"challenge": challenge, "code": "000000"})
    await api.post("/auth/login/verify", {"challenge": "made-up", "code": "000000"})
    assert await reasons(database, "identity.user.second_factor_failed") == [""] * 5
    over, made_up = await recorded(database)
    assert (over.reason, over.resource_type, list(over.related_ids)) == ("over", "user", [str(api.device_id)])
    assert (made_up.reason, made_up.resource_type) == ("over", "sign_in_challenge")
    assert "made-up" not in str(made_up)


@pytest.mark.clause("ASVS 16.3.1")
async def test_codes_over_the_limit_are_recorded(api: Api, app: App, database: Database) -> None:
    for _ in range(4):
        challenge = (await api.login()).json()["data"]["challenge"]
        for _ in range(5):
            await api.post("/auth/login/verify", {"challenge": challenge, "code": "000000"})
    challenge = (await api.login()).json()["data"]["challenge"]
    assert (await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).status_code == 429
    assert await reasons(database) == ["throttled"]


@pytest.mark.clause("ASVS 16.3.1")
async def test_refused_passkeys_are_recorded(api: Api, database: Database, fakes: Fakes) -> None:
    authenticator, token = Authenticator(), await api.signed_in()
    assert (await add_passkey(api, token, authenticator)).status_code == 201
    asked = await begin(api, SIGN_IN)
    assertion = {"credential": authenticator.get(asked["options"]), "device_id": str(api.device_id)}
    assert (await api.post("/auth/passkeys/login", {"ceremony_id": str(uuid4()), **assertion})).status_code == 401
    assert await reasons(database, "identity.passkey.refuse") == ["over"]
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    await api.post(f"/users/{user_id}/suspend", {"reason": "Under investigation"}, token=admin)
    assert (await api.post("/auth/passkeys/login", {"ceremony_id": asked["ceremony_id"], **assertion})).status_code == 401
    (failed,) = await recorded(database)
    assert (failed.reason, failed.resource_id, failed.actor.device_id) == ("not_active", user_id, str(api.device_id))


async def test_guesses_of_the_current_password_are_recorded(api: Api, database: Database, fakes: Fakes) -> None:
    token = await api.signed_in()
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    fakes.attempts.limit = 1
    for _ in range(2):
        body = {"current_password": WRONG, "new_password": PASSWORD}
        await api.patch(f"/users/{user_id}/password", body, token=token)
    assert await reasons(database, "identity.password.change_refused") == ["wrong_password", "throttled"]
