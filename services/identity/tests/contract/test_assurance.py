"""The assurance that each operation requires."""

from uuid import UUID

import httpx
import pytest

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.assurance import misjudged
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import unchanged
from identity.application import Identity
from identity.interfaces.rest import ROUTERS
from services.identity.tests.contract.api import DETAILS, PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes


async def test_every_operation_requires_its_declared_assurance(
    api: Api, identity: Identity, database: Database, clock: ControlledClock
) -> None:
    caller = UUID((await api.register()).json()["data"]["id"])
    assert await misjudged(identity, ROUTERS, database, clock, caller=caller) == []


@pytest.mark.parametrize("path", ["/sessions/{session}", "/users/{user}/profile"])
async def test_acts_on_another_user_need_a_recent_sign_in_even_if_acts_on_oneself_do_not(
    api: Api, fakes: Fakes, database: Database, policies: Policies, clock: ControlledClock, path: str
) -> None:
    admin, user = await signed_in_as(api, fakes, "admin"), await signed_in_as(api, fakes, "user")
    session = (await api.get("/sessions", token=user)).json()["data"]["items"][0]["id"]
    user_id = (await api.get("/users/me", token=user)).json()["data"]["id"]

    async def ask(token: str) -> httpx.Response:
        asked = path.format(session=session, user=user_id)
        return await (
            api.delete(asked, token=token) if session in asked else api.patch(asked, {"full_name": "Maria Amutenya"}, token=token)
        )

    clock.advance(seconds=301)
    policies.confirm()
    async with unchanged(database):
        assert refusal(await ask(admin)) == (401, "AUTH_005")
    assert (await ask(user)).is_success


async def test_tokens_state_whether_the_user_has_a_second_factor_now(
    api: Api, clock: ControlledClock, verifier: TokenVerifier
) -> None:
    async def claims_factor(answer: httpx.Response) -> bool:
        return (await verifier.verify(answer.json()["data"]["access_token"])).second_factor

    await api.register()
    signed_in = await api.login()
    assert await claims_factor(signed_in) is False
    pair = signed_in.json()["data"]
    app = await second_factor(api, pair["access_token"], clock)
    clock.advance(seconds=30)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=pair["access_token"])
    refreshed = await api.refresh(pair["refresh_token"])
    assert (await claims_factor(stepped), await claims_factor(refreshed)) == (True, True)
    removed = await api.delete("/auth/factors/totp", token=stepped.json()["data"]["access_token"])
    assert removed.status_code == 200, removed.text
    assert await claims_factor(await api.refresh(refreshed.json()["data"]["refresh_token"])) is False
    assert await claims_factor(await api.post("/auth/step-up", {"password": PASSWORD}, token=app.token)) is False
    assert await claims_factor(await api.login(email=DETAILS["email"])) is False


async def test_a_token_from_before_the_first_second_factor_changes_nothing(
    api: Api, clock: ControlledClock, database: Database
) -> None:
    """The token still says that there is none; the user's row says otherwise."""
    token = await api.signed_in()
    await second_factor(api, token, clock)
    async with unchanged(database):
        for path, body in (("/auth/factors/backup-codes", None), ("/users/me/email", {"email": "thief@example.na"})):
            assert refusal(await api.post(path, body, token=token)) == (401, "AUTH_005")
