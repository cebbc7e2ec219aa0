"""A suspended or deleted user can do nothing with an access token that is still valid for minutes."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1 import identity_pb2
from identity.application import Identity
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.devices import Ed25519Device, proof, register_key
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.outbox import recording
from services.identity.tests.contract.peers import Stub
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

REASON = {"reason": "Reported as stolen"}
NEW_PASSWORD = "Kavango-Morning-63?*"


async def suspend(api: Api, fakes: Fakes, user_id: str) -> str:
    """Suspend the user and return the administrator's token."""
    admin = await signed_in_as(api, fakes, "admin")
    assert (await api.post(f"/users/{user_id}/suspend", REASON, token=admin)).status_code == 200
    return admin


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def user_id(api: Api, token: str) -> str:
    return str((await api.get("/users/me", token=token)).json()["data"]["id"])


async def test_a_barred_user_adds_no_key_address_factor_or_password(
    api: Api, fakes: Fakes, token: str, user_id: str, clock: ControlledClock
) -> None:
    challenge = (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
    await suspend(api, fakes, user_id)
    passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answers = {
        "address": await api.post("/wallet-addresses", {}, token=token),
        "key": await api.post("/device-keys", proof(Ed25519Device(), challenge), token=token),
        "app": await api.post("/auth/factors/totp", token=token),
        "passkey": await api.post("/auth/factors/passkeys/options", token=token),
        "step-up": await api.post("/auth/step-up", {"password": PASSWORD}, token=token),
        "password": await api.patch(f"/users/{user_id}/password", passwords, token=token),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "address": 403,
        "key": 403,
        "app": 401,
        "passkey": 401,
        "step-up": 401,
        "password": 401,
    }


async def test_links_and_challenges_from_before_a_suspension_are_refused(
    api: Api, identity: Identity, database: Database, fakes: Fakes, token: str, user_id: str
) -> None:
    await api.post("/auth/password-reset", {"email": "ndapewa@example.na"})
    link = str((await mail(database))[-1].facts["link"]).partition("#token=")[2]
    await suspend(api, fakes, user_id)
    refused = await api.post("/auth/password-reset/confirm", {"token": link, "password": NEW_PASSWORD})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "token")
    assert (await api.post("/auth/password-reset", {"email": "ndapewa@example.na"})).status_code == 202
    assert (await mail(database))[-1].template == "nobody"


async def test_peers_see_that_a_user_is_barred(api: Api, fakes: Fakes, stub: Stub, token: str, user_id: str) -> None:
    key_id = (await register_key(api, token, Ed25519Device())).json()["data"]["id"]
    address = (await api.get("/users/me", token=token)).json()["data"]["wallet_address"]

    async def active() -> list[bool]:
        return [
            (await stub.GetSubject(identity_pb2.GetSubjectRequest(subject_id=user_id))).active,
            (await stub.GetDeviceKey(identity_pb2.GetDeviceKeyRequest(key_id=key_id))).active,
            (await stub.LookUpAddress(identity_pb2.LookUpAddressRequest(address=address))).active,
        ]

    assert await active() == [True, True, True]
    admin = await suspend(api, fakes, user_id)
    assert await active() == [False, False, False]
    assert (await api.get(f"/wallet-addresses/look-up?address={address}", token=admin)).status_code == 404
    await api.post(f"/users/{user_id}/activate", REASON, token=admin)
    assert await active() == [True, True, True]


async def test_staff_cannot_require_a_new_password_of_a_barred_user(api: Api, fakes: Fakes, token: str, user_id: str) -> None:
    admin = await suspend(api, fakes, user_id)
    for path in (f"/users/{user_id}/password-reset", f"/users/{uuid4()}/password-reset"):
        assert (await api.post(path, REASON, token=admin)).status_code == 404


async def test_an_erasure_considers_the_roles_of_the_erased_user(
    api: Api, fakes: Fakes, database: Database, token: str, user_id: str
) -> None:
    admin = await signed_in_as(api, fakes, "admin")
    admin_id = (await api.get("/users/me", token=admin)).json()["data"]["id"]
    fakes.roles.held = {UUID(admin_id): ("admin",)}
    clerk = (await api.register(email="selma@example.na", phone="+264811234561")).json()["data"]["id"]
    fakes.roles.held[UUID(clerk)] = ("staff", "user")
    body: dict[str, Any] = {"reason": "ordered"}
    async with recording(database) as record:
        refused = await api.post(f"/users/{clerk}/erasure", body, token=admin)
        assert (refused.status_code, refused.json()["code"]) == (409, "IDN_003")
    assert record.facts == []
    assert (await api.post(f"/users/{user_id}/erasure", body, token=admin)).status_code == 202
