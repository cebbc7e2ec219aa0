"""Refreshing on a device with a key: each refresh needs the device's proof (RFC 9449)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.factors.purge_challenges import PurgeChallenges
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.devices import REFRESH_URL, Ed25519Device, Es256Device, dpop, register_key
from services.identity.tests.contract.outbox import recording

Device = Ed25519Device | Es256Device


def problem(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["code"], body["details"]["problem"]


async def register(api: Api, token: str, device: Device) -> str:
    registered = await register_key(api, token, device)
    key_id: str = registered.json()["data"]["id"]
    return key_id


@pytest.fixture
async def pair(api: Api) -> dict[str, Any]:
    await api.register()
    tokens: dict[str, Any] = (await api.login()).json()["data"]
    return tokens


@pytest.fixture
async def device(api: Api, pair: dict[str, Any]) -> Es256Device:
    """The key of the device that `pair` was issued to."""
    device = Es256Device()
    await register(api, pair["access_token"], device)
    return device


@pytest.mark.clause("RFC 9449 5")
@pytest.mark.parametrize("kind", [Ed25519Device, Es256Device])
async def test_a_stolen_refresh_token_alone_gives_no_access_and_ends_no_session(
    api: Api, database: Database, clock: ControlledClock, pair: dict[str, Any], kind: Callable[[], Device]
) -> None:
    assert (await api.refresh(pair["refresh_token"])).status_code == 200
    device = kind()
    await register(api, pair["access_token"], device)
    clock.advance(seconds=60)
    stolen = pair["refresh_token"]
    async with recording(database) as record:
        assert problem(await api.refresh(stolen)) == (401, "AUTH_011", "missing")
        assert problem(await api.refresh(stolen, proofs=[dpop(kind(), at=clock.now())])) == (401, "AUTH_011", "jwk")
    assert [(fact["action"], fact["reason"]) for fact in record.facts] == [
        ("identity.session.refresh_refused", "device_proof_missing"),
        ("identity.session.refresh_refused", "device_proof_jwk"),
    ]
    async with database.read() as connection:
        state = await connection.execute(text("SELECT generation, ended_at FROM sessions"))
        assert state.all() == [(2, None)]


async def test_the_tokens_own_device_refreshes_and_retries(
    api: Api, database: Database, clock: ControlledClock, pair: dict[str, Any], device: Es256Device
) -> None:
    used = pair["refresh_token"]
    first, retried = [(await api.refresh(used, proofs=[dpop(device, at=clock.now())])).json()["data"] for _ in range(2)]
    assert first["refresh_token"] == retried["refresh_token"] != used
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM used_device_proofs"))).scalar_one() == 2
    clock.advance(seconds=11)
    # Theft of the device's own requests, even with its key, is detected as before.
    refused = await api.refresh(used, proofs=[dpop(device, at=clock.now())])
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_003")
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT end_reason FROM sessions"))).scalar_one() == "refresh_reused"


@pytest.mark.clause("RFC 9449 4.3")
async def test_a_proof_is_accepted_once_and_forgotten_after_its_lifetime(
    api: Api, database: Database, settings: IdentitySettings, clock: ControlledClock, pair: dict[str, Any], device: Es256Device
) -> None:
    device_proof = dpop(device, at=clock.now())
    token = (await api.refresh(pair["refresh_token"], proofs=[device_proof])).json()["data"]["refresh_token"]
    assert problem(await api.refresh(token, proofs=[device_proof])) == (401, "AUTH_011", "used")
    purge = PurgeChallenges(unit_of_work(settings, database), clock)
    clock.advance(seconds=299)
    await purge()
    assert problem(await api.refresh(token, proofs=[device_proof])) == (401, "AUTH_011", "used")
    clock.advance(seconds=301)
    await purge()
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM used_device_proofs"))).scalar_one() == 0
    assert problem(await api.refresh(token, proofs=[device_proof])) == (401, "AUTH_011", "iat")


WRONG: list[Any] = [
    ({"htm": "GET"}, "htm"),
    ({"htm": None}, "htm"),
    ({"htu": "http://localhost:8000/api/v1/auth/login"}, "htu"),
    ({"htu": "https://localhost:8000/api/v1/auth/refresh"}, "htu"),
    ({"htu": "http://elcorp.example/api/v1/auth/refresh"}, "htu"),
    ({"htu": 7}, "htu"),
    ({"htu": "http://[/"}, "htu"),
    ({"iat": None}, "iat"),
    ({"iat": True}, "iat"),
    ({"iat": "1774080000"}, "iat"),
    ({"jti": None}, "jti"),
    ({"jti": ""}, "jti"),
    ({"jti": "j" * 129}, "jti"),
    ({"header": {"typ": "JWT"}}, "typ"),
    ({"header": {"typ": None}}, "typ"),
    ({"header": {"alg": "none"}}, "jwk"),
    ({"header": {"alg": "HS256"}}, "jwk"),
    ({"header": {"alg": "EdDSA"}}, "jwk"),
    ({"header": {"jwk": None}}, "jwk"),
    ({"header": {"crit": ["b64"], "b64": False}}, "crit"),
]


@pytest.mark.clause("RFC 9449 4.3")
async def test_a_proof_must_be_of_this_request_and_this_key(
    api: Api, clock: ControlledClock, pair: dict[str, Any], device: Es256Device
) -> None:
    token = pair["refresh_token"]
    for changes, why in WRONG:
        answer = await api.refresh(token, proofs=[dpop(device, at=clock.now(), **changes)])
        assert problem(answer) == (401, "AUTH_011", why), changes
    good = dpop(device, at=clock.now())
    head, payload, signature = good.split(".")
    for text_, why in (
        (f"{head}.{payload}", "form"),
        (f"{head}.{payload}.%%", "form"),
        (f"{head}.{payload}.{signature[:-4]}", "signature"),
        (f"{head}.{head}.{signature}", "signature"),
        (f"e30.{payload}.{signature}", "jwk"),
        (f"W10.{payload}.{signature}", "form"),
    ):
        assert problem(await api.refresh(token, proofs=[text_])) == (401, "AUTH_011", why), text_
    for seconds in (-301, 301):
        at = clock.now()
        clock.advance(seconds=seconds)
        late = dpop(device, at=clock.now())
        clock.advance(seconds=(at - clock.now()).total_seconds())
        assert problem(await api.refresh(token, proofs=[late])) == (401, "AUTH_011", "iat"), seconds
    assert problem(await api.refresh(token, proofs=[good, dpop(device, at=clock.now())])) == (401, "AUTH_011", "missing")
    spelled = REFRESH_URL.replace("http://localhost", "HTTP://LOCALHOST") + "?query#fragment"
    for proof_ in (dpop(device, at=clock.now(), htu=spelled), good):
        token = (await api.refresh(token, proofs=[proof_])).json()["data"]["refresh_token"]


async def test_a_key_binds_its_own_device_until_it_is_revoked(api: Api, clock: ControlledClock, pair: dict[str, Any]) -> None:
    device, elsewhere = Es256Device(), str(uuid4())
    other = (await api.login(device_id=elsewhere)).json()["data"]
    key_id = await register(api, pair["access_token"], device)
    assert (await api.refresh(other["refresh_token"], device_id=elsewhere)).status_code == 200
    assert problem(await api.refresh(pair["refresh_token"]))[2] == "missing"
    # Proofs must be by the new key, not by the replaced one.
    newer = Es256Device()
    newer_id = await register(api, pair["access_token"], newer)
    assert problem(await api.refresh(pair["refresh_token"], proofs=[dpop(device, at=clock.now())]))[2] == "jwk"
    refreshed = await api.refresh(pair["refresh_token"], proofs=[dpop(newer, at=clock.now())])
    token = refreshed.json()["data"]["refresh_token"]
    assert key_id != newer_id
    await api.delete(f"/device-keys/{newer_id}", token=pair["access_token"])
    assert (await api.refresh(token)).status_code == 200
