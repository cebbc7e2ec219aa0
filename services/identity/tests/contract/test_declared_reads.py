"""Each operation returns data only of the person it declares; a read of another person's data leaves a fact that names them."""

from typing import Final
from uuid import uuid4

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.declared_reads import DeclaredReads, Person
from identity.interfaces.publications import PUBLICATIONS
from identity.interfaces.rest import ROUTERS, jwks_router
from services.identity.tests.contract.api import DETAILS, Api
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

PATHS: Final = {
    "list_users": "/users",
    "get_me": "/users/me",
    "get_user": "/users/{user}",
    "get_profile": "/users/{user}/profile",
    "export_user_data": "/users/{user}/data-export",
    "list_sessions": "/sessions?user_id={user}",
    "get_session": "/sessions/{session}",
    "list_devices": "/devices?user_id={user}",
    "get_device": "/devices/{device}",
    "list_wallet_addresses": "/wallet-addresses",
    "get_wallet_address": "/wallet-addresses/{address}",
    "look_up_wallet_address": "/wallet-addresses/look-up?address={address}",
    "list_device_keys": "/device-keys",
    "get_factors": "/auth/factors",
    "list_recovery_requests": "/auth/recovery",
    "list_notices": "/notices",
    "get_notice": "/notices/{notice}",
    "get_notice_state": "/notices/state",
    "follow_notices": "/notices/events",
    "get_notice_preferences": "/notices/preferences",
    "list_receipt_keys": "/erasures/receipt-keys",
    "get_erasure": "/erasures/{session}",
    "get_signing_keys": "/.well-known/jwks.json",
}


async def things(api: Api, clock: ControlledClock, token: str) -> dict[str, str]:
    """Create one of each resource, and a recovery request, for a user; return their ids."""
    key = (await register_key(api, token, Ed25519Device())).json()["data"]["id"]
    session = (await api.get("/sessions", token=token)).json()["data"]["items"][0]
    address = (await api.get("/wallet-addresses", token=token)).json()["data"]["items"][0]
    await second_factor(api, token, clock)
    lost = {"challenge": (await api.login()).json()["data"]["challenge"], "reason": "lost"}
    notice = (await api.get("/notices", token=token)).json()["data"]["items"][0]
    return {
        "notice": notice["id"],
        "user": session["user_id"],
        "session": session["id"],
        "device": session["device_id"],
        "address": address["address"],
        "key": key,
        "recovery": (await api.post("/auth/recovery", lost)).json()["data"]["id"],
    }


async def test_every_operation_declares_whose_data_it_returns(
    api: Api, database: Database, fakes: Fakes, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stream ends after the state at its start.
    monkeypatch.setattr("chassis.rest.event_streams.STREAM_SECONDS", 0.5)
    at = await things(api, clock, await api.signed_in())
    # On the staff member's own device.
    api.device_id = uuid4()
    staff = await signed_in_as(api, fakes, "admin")

    async def ask(method: str, path: str) -> httpx.Response:
        base = "" if path.startswith("/.well-known") else "/api/v1"
        return await api.client.request(method, base + path, headers={"Authorization": f"Bearer {staff}"})

    paths = {name: path.format(**at) for name, path in PATHS.items()}
    personal = {*at.values(), str(DETAILS["email"]), str(DETAILS["phone"])}
    reads = DeclaredReads(ask, database, PUBLICATIONS, paths)
    assert await reads.misdeclared((*ROUTERS, jwks_router(dict)), Person(at["user"], personal)) == []
