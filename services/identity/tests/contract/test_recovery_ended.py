"""A recovery ends once a second factor of its account is used, and none is approved for a user without standing."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import PASSWORD, Api, own_id, refusal
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.outbox import recording
from services.identity.tests.contract.passkeys import add_passkey, sign_in_with_passkey, step_up_with_passkey
from services.identity.tests.contract.recovery import administrator, ask_recovery, confirm_recovery, decide
from services.identity.tests.fakes import Fakes
from services.identity.tests.stored import rows

NEW_PASSWORD = "Okavango-Delta-93!"
REASON = {"reason": "Reported as stolen"}
ENDED = (409, "RES_002")
WRONG_CODE = (401, "AUTH_010")
SIGN_IN_OVER = (401, "AUTH_007")


class Owner:
    """The customer, with an authenticator app, backup codes and a passkey."""

    def __init__(self, api: Api, app: App, passkey: Authenticator) -> None:
        self.api, self.app, self.passkey = api, app, passkey

    async def challenge(self) -> str:
        return str((await self.api.login(device_id=str(uuid4()))).json()["data"]["challenge"])

    async def verify(self, code: str) -> httpx.Response:
        return await self.api.post("/auth/login/verify", {"challenge": await self.challenge(), "code": code})

    async def sign_in_with_passkey(self) -> httpx.Response:
        return await sign_in_with_passkey(self.api, self.passkey, device_id=uuid4())

    async def step_up(self, **proof: object) -> httpx.Response:
        return await self.api.post("/auth/step-up", proof, token=self.app.token)

    async def step_up_with_passkey(self) -> httpx.Response:
        return await step_up_with_passkey(self.api, self.app.token, self.passkey)


SHOWN: dict[str, Callable[[Owner], Awaitable[httpx.Response]]] = {
    "sign-in by code": lambda owner: owner.verify(owner.app.code()),
    "sign-in by backup code": lambda owner: owner.verify(owner.app.backup_codes[0]),
    "sign-in by passkey": lambda owner: owner.sign_in_with_passkey(),
    "step-up by code": lambda owner: owner.step_up(code=owner.app.code()),
    "step-up by both": lambda owner: owner.step_up(password=PASSWORD, code=owner.app.code()),
    "step-up by passkey": lambda owner: owner.step_up_with_passkey(),
}


@pytest.fixture
async def owner(api: Api, clock: ControlledClock) -> Owner:
    app, passkey = await second_factor(api, await api.signed_in(), clock), Authenticator()
    clock.advance(seconds=60)
    proof = {"password": PASSWORD, "code": app.code()}
    app.token = (await api.post("/auth/step-up", proof, token=app.token)).json()["data"]["access_token"]
    assert (await add_passkey(api, app.token, passkey)).status_code == 201
    clock.advance(seconds=60)
    return Owner(api, app, passkey)


@pytest.fixture
async def approver(api: Api, owner: Owner, fakes: Fakes, clock: ControlledClock) -> App:
    return await administrator(api, fakes, clock, name="admin", phone="+264811234599")


async def factors(database: Database, user_id: str) -> tuple[int, int]:
    """Count the user's apps and passkeys."""
    (counted,) = await rows(
        database,
        f"""
        SELECT (SELECT count(*) FROM totps WHERE user_id = '{user_id}'),
               (SELECT count(*) FROM passkeys WHERE user_id = '{user_id}')
        """,
    )
    return counted[0], counted[1]


@pytest.mark.parametrize("way", SHOWN)
async def test_using_a_second_factor_ends_the_requests_that_say_it_is_lost(
    api: Api, owner: Owner, approver: App, database: Database, way: str
) -> None:
    """A thief of password and mailbox has confirmed a request; without this the owner could not prevent its approval."""
    user_id = await own_id(api, owner.app.token)
    waiting = await ask_recovery(api, confirmed=False)
    confirmed = await ask_recovery(api)
    async with recording(database) as record:
        assert (await SHOWN[way](owner)).status_code == 200
    ids = [asked.json()["data"]["id"] for asked in (waiting, confirmed)]
    ended = [fact for fact in record.facts if fact["action"] == "identity.recovery.end"]
    assert sorted(fact["resource_id"] for fact in ended) == sorted(ids)
    for fact in ended:
        assert (fact["before"], fact["after"], fact["reason"]) == ({"open": True}, {"open": False}, "second_factor_shown")
        assert (fact["actor"]["subject_id"], fact["related_ids"]) == (user_id, [user_id])
    assert refusal(await confirm_recovery(api, waiting)) == WRONG_CODE
    for request_id in ids:
        assert refusal(await decide(api, request_id, approver.token)) == ENDED
    assert await factors(database, user_id) == (1, 1)
    # A user who loses the factor later requests a recovery again.
    assert (await ask_recovery(api)).status_code == 202


async def test_a_request_stays_pending_while_no_second_factor_is_used(
    api: Api, owner: Owner, approver: App, database: Database, fakes: Fakes, clock: ControlledClock
) -> None:
    user_id = await own_id(api, owner.app.token)
    asked = await ask_recovery(api)
    async with recording(database) as record:
        assert refusal(await owner.verify("000000")) == (401, "AUTH_006")
        assert refusal(await owner.step_up(password=PASSWORD, code="000000")) == (401, "AUTH_006")
        # Another user's factors do not affect this account.
        await administrator(api, fakes, clock, name="other", phone="+264811234588")
    assert "identity.recovery.end" not in record.actions
    assert (await decide(api, asked.json()["data"]["id"], approver.token)).status_code == 200
    assert await factors(database, user_id) == (0, 0)


async def test_a_sign_in_with_a_replaced_password_cannot_request_a_recovery(api: Api, owner: Owner, database: Database) -> None:
    thiefs = await owner.challenge()
    user_id = await own_id(api, owner.app.token)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await api.patch(f"/users/{user_id}/password", body, token=owner.app.token)).status_code == 200
    refused = await api.post("/auth/recovery", {"challenge": thiefs, "reason": "lost"})
    assert refusal(refused) == SIGN_IN_OVER
    assert await rows(database, "SELECT id FROM recovery_requests") == []
    assert await rows(database, "SELECT id FROM one_time_codes WHERE purpose = 'recovery'") == []
    assert (await ask_recovery(api, password=NEW_PASSWORD)).status_code == 202


async def test_a_sign_in_pending_on_a_removed_factor_cannot_request_a_recovery(
    api: Api, owner: Owner, database: Database
) -> None:
    waiting = await owner.challenge()
    assert (await api.delete("/auth/factors/totp", token=owner.app.token)).status_code == 200
    token = (await owner.step_up_with_passkey()).json()["data"]["access_token"]
    (passkey,) = (await api.get("/auth/factors", token=token)).json()["data"]["passkeys"]
    assert (await api.delete(f"/auth/factors/passkeys/{passkey['id']}", token=token)).status_code == 200
    assert refusal(await api.post("/auth/recovery", {"challenge": waiting, "reason": "lost"})) == SIGN_IN_OVER
    assert await rows(database, "SELECT id FROM recovery_requests") == []


async def test_a_code_is_not_used_up_while_its_user_is_suspended(
    api: Api, owner: Owner, approver: App, database: Database
) -> None:
    user_id = await own_id(api, owner.app.token)
    asked = await ask_recovery(api, confirmed=False)
    assert (await api.post(f"/users/{user_id}/suspend", REASON, token=approver.token)).status_code == 200
    assert refusal(await confirm_recovery(api, asked)) == WRONG_CODE
    assert await rows(database, "SELECT used_at FROM one_time_codes WHERE purpose = 'recovery'") == [(None,)]
    assert await rows(database, "SELECT confirmed_at FROM recovery_requests") == [(None,)]
    assert (await api.post(f"/users/{user_id}/activate", REASON, token=approver.token)).status_code == 200
    assert (await confirm_recovery(api, asked)).status_code == 200


async def suspend(api: Api, user_id: str, token: str) -> None:
    assert (await api.post(f"/users/{user_id}/suspend", REASON, token=token)).status_code == 200


async def delete(api: Api, user_id: str, token: str) -> None:
    assert (await api.delete(f"/users/{user_id}?reason=Asked%20for%20it", token=token)).status_code == 204


@pytest.mark.parametrize(("bar", "undo"), [(suspend, "activate"), (delete, "restore")])
async def test_no_recovery_of_a_barred_user_is_approved(
    api: Api,
    owner: Owner,
    approver: App,
    database: Database,
    bar: Callable[[Api, str, str], Awaitable[None]],
    undo: str,
) -> None:
    user_id = await own_id(api, owner.app.token)
    request_id = (await ask_recovery(api)).json()["data"]["id"]
    await bar(api, user_id, approver.token)
    async with recording(database) as record:
        assert refusal(await decide(api, request_id, approver.token)) == ENDED
    assert "identity.recovery.decide" not in record.actions
    assert await rows(database, "SELECT status FROM recovery_requests") == [("pending",)]
    assert await factors(database, user_id) == (1, 1)
    assert (await api.post(f"/users/{user_id}/{undo}", REASON, token=approver.token)).status_code == 200
    assert (await decide(api, request_id, approver.token)).status_code == 200
    assert await factors(database, user_id) == (0, 0)


async def test_a_recovery_of_a_suspended_user_can_be_rejected(api: Api, owner: Owner, approver: App, database: Database) -> None:
    request_id = (await ask_recovery(api)).json()["data"]["id"]
    await suspend(api, await own_id(api, owner.app.token), approver.token)
    assert (await decide(api, request_id, approver.token, approve=False)).status_code == 200
    assert await rows(database, "SELECT status FROM recovery_requests") == [("rejected",)]
