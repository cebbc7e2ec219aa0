"""The audit facts and events of keys and wallet addresses, with every field."""

from typing import Any

import pytest

from chassis.auth import Claims, TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.devices import Ed25519Device, Es256Device, register_key
from services.identity.tests.contract.outbox import IDENTITY, Whole, event, fact, recording, user


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def claims(token: str, verifier: TokenVerifier) -> Claims:
    return await verifier.verify(token)


async def register(api: Api, token: str, device: Ed25519Device | Es256Device) -> str:
    key_id: str = (await register_key(api, token, device)).json()["data"]["id"]
    return key_id


async def test_facts_of_device_keys(api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims) -> None:
    devices = Ed25519Device(), Es256Device()
    async with recording(database) as record:
        first, second = [await register(api, token, device) for device in devices]
        for _ in range(2):
            await api.delete(f"/device-keys/{second}", token=token)
    related = [claims.subject_id, claims.device_id]
    owner: dict[str, Any] = {"by": user(claims), "at": clock.now(), "related": related}

    def registered(key_id: str, device: Ed25519Device | Es256Device) -> Whole:
        after = {"algorithm": device.algorithm, "public_key": device.public.hex(), "live": True}
        return fact("identity.device_key.register", ("device_key", key_id), after=after, **owner)

    def revoked(key_id: str, reason: str) -> Whole:
        states: dict[str, Any] = {"before": {"live": True}, "after": {"live": False}}
        return fact("identity.device_key.revoke", ("device_key", key_id), reason=reason, **states, **owner)

    assert record.facts == [
        registered(first, devices[0]),
        revoked(first, "replaced"),
        registered(second, devices[1]),
        revoked(second, "asked"),
    ]
    whose = {"user_id": claims.subject_id, "device_id": claims.device_id}
    assert record.events == [
        event("identity.device_key.revoked", key_id, at=clock.now(), key_id=key_id, reason=reason, **whose)
        for key_id, reason in ((first, "replaced"), (second, "asked"))
    ]


async def test_facts_of_the_key_of_a_revoked_device(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims
) -> None:
    key_id = await register(api, token, Ed25519Device())
    async with recording(database) as record:
        await api.delete(f"/devices/{claims.device_id}", token=token)
    assert [each for each in record.events if each["type"] == "identity.device_key.revoked"] == [
        event(
            "identity.device_key.revoked",
            key_id,
            at=clock.now(),
            key_id=key_id,
            user_id=claims.subject_id,
            device_id=claims.device_id,
            reason="device_revoked",
        )
    ]


async def test_facts_of_wallet_addresses(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims
) -> None:
    async with recording(database) as record:
        issued = await api.post("/wallet-addresses", {"currency": "ELC", "label": "Rent"}, token=token)
        address = issued.json()["data"]["address"]
        for label in ("Oshana", None):
            await api.patch(f"/wallet-addresses/{address}", {"label": label}, token=token)
        for _ in range(2):
            await api.delete(f"/wallet-addresses/{address}", token=token)
    resource: Any = ("wallet_address", address)
    owner: dict[str, Any] = {"by": user(claims), "at": clock.now(), "related": [claims.subject_id]}
    assert record.facts == [
        fact("identity.wallet_address.issue", resource, after={"live": True, "currency": "ELC"}, **owner),
        fact("identity.wallet_address.label", resource, after={"labelled": True}, **owner),
        fact("identity.wallet_address.label", resource, after={"labelled": False}, **owner),
        fact("identity.wallet_address.retire", resource, before={"live": True}, after={"live": False}, **owner),
    ]
    whose = {"user_id": claims.subject_id, "address": address}
    assert record.events == [
        event("identity.wallet_address.issued", claims.subject_id, at=clock.now(), currency="ELC", **whose),
        event("identity.wallet_address.retired", claims.subject_id, at=clock.now(), **whose),
    ]


async def test_facts_of_signing_keys(identity: Identity, database: Database, clock: ControlledClock) -> None:
    first = await identity.signing_keys.rotate_signing_keys()
    clock.advance(days=30)
    async with recording(database) as record:
        second = await identity.signing_keys.rotate_signing_keys()
    rest: dict[str, Any] = {"by": IDENTITY, "at": clock.now()}

    def about(action: str, key_id: object, **states: Any) -> Whole:
        return fact(action, ("signing_key", key_id), **states, **rest)

    on, off = {"active": True}, {"active": False}
    assert record.facts == [
        about("identity.signing_key.retire", first.signing_id, before=on, after=off),
        about("identity.signing_key.activate", first.next_id, before=off, after=on),
        about("identity.signing_key.create", second.next_id, after={"algorithm": "ES256", **off}),
    ]
    async with recording(database) as record:
        third = await identity.signing_keys.rotate_signing_keys(compromised=True)
    assert record.facts[:3] == [
        about("identity.signing_key.remove", first.signing_id, before={"active": False, "retired": True}),
        about("identity.signing_key.remove", second.signing_id, before={"active": True, "retired": False}),
        about("identity.signing_key.remove", second.next_id, before={"active": False, "retired": False}),
    ]
    assert record.facts[3:] == [
        about("identity.signing_key.create", third.signing_id, after={"algorithm": "ES256", **on}),
        about("identity.signing_key.create", third.next_id, after={"algorithm": "ES256", **off}),
    ]
