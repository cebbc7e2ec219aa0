"""Access tokens issued before a change of their user's factors, in sessions that continue."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx
import pytest

from chassis.auth import TokenVerifier
from chassis.auth.revocations import Revocations
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.stored import unchanged
from elcorp.identity.v1.events_pb2 import UserFactorsChanged
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.outbox import published
from services.identity.tests.contract.passkeys import add_passkey
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

KEEP = "?end_other_sessions=false"
# A fixed id, because it is part of the tests' names.
NOBODYS = "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"
# Requires RECENT and reads no user's row, so the list of changed factors decides.
BY_THE_LIST = f"/device-keys/{NOBODYS}"
Read = Callable[[], None]


@pytest.fixture
def read(fakes: Fakes, revocations: Revocations, clock: ControlledClock) -> Read:
    """Make the service read the list of changed factors that identity wrote."""

    def read() -> None:
        for user_id, factors in fakes.revocations.factors.items():
            revocations.change_factors(user_id, factors, clock.now().timestamp())

    return read


@pytest.fixture
async def owner(api: Api) -> str:
    """The access token of a user without a second factor."""
    return await api.signed_in()


async def add_app(api: Api, token: str, clock: ControlledClock) -> App:
    begun = (await api.post("/auth/factors/totp", token=token)).json()["data"]
    app = App(begun["secret"], token, (), clock)
    confirmed = await api.post(f"/auth/factors/totp/confirm{KEEP}", {"code": app.code()}, token=token)
    assert confirmed.status_code == 200, confirmed.text
    app.backup_codes = confirmed.json()["data"]["backup_codes"]
    return app


async def step_up(api: Api, token: str, clock: ControlledClock, app: App | None = None) -> str:
    clock.advance(seconds=30)
    proof = {"password": PASSWORD, **({"code": app.code()} if app else {})}
    stepped = await api.post("/auth/step-up", proof, token=token)
    assert stepped.status_code == 200, stepped.text
    return str(stepped.json()["data"]["access_token"])


def asked(answer: httpx.Response) -> str | None:
    """Return the acr_values that a refused caller must reach; raise AssertionError for any other answer."""
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_005"), answer.text
    acr_values: str | None = answer.json()["step_up"]["acr_values"]
    return acr_values


TWO = "urn:elcorp:acr:mfa"


async def test_a_token_from_before_the_first_second_factor_passes_no_recent_act(
    api: Api, owner: str, clock: ControlledClock, read: Read
) -> None:
    elsewhere = str(uuid4())
    other = (await api.login(device_id=elsewhere)).json()["data"]
    app = await add_app(api, owner, clock)
    read()
    for token in (owner, other["access_token"]):
        assert asked(await api.delete(BY_THE_LIST, token=token)) == TWO
        assert (await api.get("/users/me", token=token)).status_code == 200
    # A refresh reports the account's factors of now; a step-up verifies them.
    refreshed = await api.refresh(other["refresh_token"], device_id=elsewhere)
    assert asked(await api.delete(BY_THE_LIST, token=refreshed.json()["data"]["access_token"])) == TWO
    stepped = await step_up(api, other["access_token"], clock, app)
    assert (await api.delete(BY_THE_LIST, token=stepped)).status_code == 404


Act = Callable[[Api, str, str], Awaitable[httpx.Response]]


async def change_email(api: Api, token: str, _user_id: str) -> httpx.Response:
    return await api.post("/users/me/email", {"email": "thief@example.na"}, token=token)


async def change_phone(api: Api, token: str, _user_id: str) -> httpx.Response:
    return await api.post("/users/me/phone", {"phone": "+264811234599"}, token=token)


async def change_password(api: Api, token: str, user_id: str) -> httpx.Response:
    return await api.patch(
        f"/users/{user_id}/password", {"current_password": PASSWORD, "new_password": "Kavango-Morning-81!"}, token=token
    )


async def register_device_key(api: Api, token: str, _user_id: str) -> httpx.Response:
    return await register_key(api, token, Ed25519Device())


async def export_data(api: Api, token: str, user_id: str) -> httpx.Response:
    return await api.post(f"/users/{user_id}/data-export", token=token)


async def request_erasure(api: Api, token: str, user_id: str) -> httpx.Response:
    return await api.post(f"/users/{user_id}/erasure", {}, token=token)


async def begin_passkey(api: Api, token: str, _user_id: str) -> httpx.Response:
    return await api.post("/auth/factors/passkeys/options", token=token)


ACTS = [change_email, change_phone, change_password, register_device_key, export_data, request_erasure, begin_passkey]


async def refused_at_once(api: Api, database: Database, token: str, act: Act) -> str | None:
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    async with unchanged(database):
        return asked(await act(api, token, user_id))


@pytest.mark.parametrize("act", ACTS)
async def test_an_operation_that_reads_the_row_refuses_before_the_list_is_read(
    api: Api, owner: str, database: Database, clock: ControlledClock, act: Act
) -> None:
    await add_app(api, owner, clock)
    assert await refused_at_once(api, database, owner, act) == TWO


@pytest.mark.parametrize("act", ACTS)
async def test_the_row_also_shows_that_a_factor_was_removed(
    api: Api, owner: str, database: Database, clock: ControlledClock, act: Act
) -> None:
    app = await add_app(api, owner, clock)
    two = await step_up(api, owner, clock, app)
    assert (await api.delete(f"/auth/factors/totp{KEEP}", token=two)).status_code == 200
    assert await refused_at_once(api, database, two, act) is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/sessions/{session}", None),
        ("PATCH", "/users/{user}/profile", {"full_name": "Maria Amutenya"}),
        ("POST", "/users/{user}/data-export?reason=Asked+for+in+writing", None),
        ("POST", "/users/{user}/erasure", {}),
    ],
)
async def test_the_actors_own_row_decides_when_they_act_on_another(
    api: Api,
    fakes: Fakes,
    database: Database,
    clock: ControlledClock,
    method: str,
    path: str,
    body: object,
) -> None:
    admin, user = await signed_in_as(api, fakes, "admin"), await signed_in_as(api, fakes, "user")
    session = (await api.get("/sessions", token=user)).json()["data"]["items"][0]["id"]
    user_id = (await api.get("/users/me", token=user)).json()["data"]["id"]
    await add_app(api, admin, clock)
    path = f"/api/v1{path.format(session=session, user=user_id)}"
    headers = {"Authorization": f"Bearer {admin}", "If-Match": await api.etag(user_id, token=admin)}
    async with unchanged(database):
        assert asked(await api.client.request(method, path, json=body, headers=headers)) == TWO


async def test_a_token_of_two_factors_passes_nothing_after_one_of_them_is_removed(
    api: Api, fakes: Fakes, owner: str, clock: ControlledClock, read: Read
) -> None:
    fakes.roles.roles = ("admin",)
    app = await add_app(api, owner, clock)
    two = await step_up(api, owner, clock, app)
    clock.advance(seconds=30)
    elsewhere = str(uuid4())
    challenge = (await api.login(device_id=elsewhere)).json()["data"]["challenge"]
    other = (await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).json()["data"]
    strong = f"/auth/recovery/{NOBODYS}/decision"
    decision = {"approve": True, "reason": "Seen in person with their identity card"}
    assert (await api.post(strong, decision, token=other["access_token"])).status_code == 404
    assert (await api.delete(f"/auth/factors/totp{KEEP}", token=two)).status_code == 200
    read()
    for token in (two, other["access_token"]):
        assert asked(await api.post(strong, decision, token=token)) == TWO
        assert asked(await api.delete(BY_THE_LIST, token=token)) is None
    # The proof that remains counts: the password, which is the account's only factor now.
    renewed = (await api.refresh(other["refresh_token"], device_id=elsewhere)).json()["data"]["access_token"]
    assert asked(await api.post(strong, decision, token=renewed)) == TWO
    assert (await api.delete(BY_THE_LIST, token=renewed)).status_code == 404


async def test_adding_another_factor_outdates_no_token_and_removing_it_does(
    api: Api, owner: str, clock: ControlledClock, read: Read, verifier: TokenVerifier, database: Database
) -> None:
    app = await add_app(api, owner, clock)
    two = await step_up(api, owner, clock, app)
    passkey_id = (await add_passkey(api, two, Authenticator(), end_other_sessions=False)).json()["data"]["id"]
    read()
    assert (await api.delete(BY_THE_LIST, token=two)).status_code == 404
    assert (await api.delete(f"/auth/factors/passkeys/{passkey_id}{KEEP}", token=two)).status_code == 200
    read()
    assert asked(await api.delete(BY_THE_LIST, token=two)) == TWO
    last = await step_up(api, two, clock, app)
    versions = [(await verifier.verify(token)).factors_version for token in (owner, two, last)]
    assert versions == [0, 1, 2]
    announced = [(event.factors_version, event.has_second_factor) for event, _ in await published(database, UserFactorsChanged)]
    assert announced == [(1, True), (2, True)]


async def test_every_token_carries_the_factors_version(
    api: Api, owner: str, clock: ControlledClock, verifier: TokenVerifier
) -> None:
    app = await add_app(api, owner, clock)
    clock.advance(seconds=30)
    challenge = (await api.login()).json()["data"]["challenge"]
    pair = (await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).json()["data"]
    refreshed = (await api.refresh(pair["refresh_token"])).json()["data"]
    stepped = await step_up(api, refreshed["access_token"], clock, app)
    for token in (pair["access_token"], refreshed["access_token"], stepped):
        claims = await verifier.verify(token)
        assert (claims.factors_version, claims.second_factor) == (1, True)
