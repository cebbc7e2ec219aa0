"""Sessions: listed, ended one by one or all together, and ended when idle."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.identity.v1 import events_pb2
from identity.infrastructure.passwords import Argon2Passwords, HashingBusy
from services.identity.tests.contract.api import Api, refusal
from services.identity.tests.contract.held_locks import held
from services.identity.tests.contract.outbox import published, recording
from services.identity.tests.fakes import Fakes


async def devices(api: Api, count: int) -> list[dict[str, Any]]:
    """Register, sign in on that many devices, and return the tokens."""
    await api.register()
    pairs = []
    for _ in range(count):
        device_id = str(uuid4())
        pairs.append({**(await api.login(device_id=device_id)).json()["data"], "device_id": device_id})
    return pairs


async def is_live(api: Api, pair: dict[str, Any]) -> bool:
    answer = await api.refresh(pair["refresh_token"], device_id=pair["device_id"])
    return answer.status_code == 200


@pytest.mark.clause("ASVS 7.4.1")
async def test_one_session_is_ended_from_another(api: Api, verifier: TokenVerifier, fakes: Fakes, database: Database) -> None:
    here, there = await devices(api, 2)
    session_id = str((await verifier.verify(there["access_token"])).session_id)
    session = (await api.get(f"/sessions/{session_id}", token=here["access_token"])).json()["data"]
    assert (session["id"], session["device_id"], session["current"], session["ended_at"]) == (
        session_id,
        there["device_id"],
        False,
        None,
    )
    for _ in range(2):
        assert (await api.delete(f"/sessions/{session_id}", token=here["access_token"])).status_code == 204
    session = (await api.get(f"/sessions/{session_id}", token=here["access_token"])).json()["data"]
    assert session["end_reason"] == "revoked"
    assert list(fakes.revocations.ended) == [UUID(session_id)]
    assert [(message.session_id, message.reason) for message, _ in await published(database, events_pb2.SessionEnded)] == [
        (session_id, "revoked")
    ]
    assert not await is_live(api, there)
    assert await is_live(api, here)


@pytest.mark.parametrize("way", ["one", "all", "own"])
async def test_concurrent_ends_of_a_session_end_it_once(
    api: Api, verifier: TokenVerifier, database: Database, database_urls: DatabaseUrls, way: str
) -> None:
    here, there = await devices(api, 2)
    claims = await verifier.verify(there["access_token"])
    token = there["access_token"] if way == "own" else here["access_token"]

    async def end() -> httpx.Response:
        if way == "one":
            return await api.delete(f"/sessions/{claims.session_id}", token=token)
        if way == "own":
            return await api.post("/auth/logout", token=token)
        return await api.post("/auth/logout-all", {"keep_current": True}, token=token)

    async with recording(database) as record:
        async with held(database_urls, "SELECT 1 FROM users, sessions FOR UPDATE") as waiting:
            asked = [asyncio.ensure_future(end()) for _ in range(3)]
            await waiting(3)
        answers = await asyncio.gather(*asked)
    assert all(answer.is_success for answer in answers)
    assert record.actions == ["identity.session.end"]
    assert [event["session_id"] for event in record.events] == [str(claims.session_id)]


@pytest.mark.parametrize(
    ("body", "ended", "live"),
    [
        ({"keep_current": True}, 2, [True, False, False]),
        ({"keep_current": False}, 3, [False, False, False]),
        ({}, 3, [False, False, False]),
    ],
    ids=["kept", "not kept", "not specified"],
)
@pytest.mark.clause("ASVS 7.4.1")
async def test_signing_out_everywhere_may_keep_this_session(
    api: Api, fakes: Fakes, body: dict[str, bool], ended: int, live: list[bool]
) -> None:
    pairs = await devices(api, 3)
    answer = await api.post("/auth/logout-all", body, token=pairs[0]["access_token"])
    assert (answer.status_code, answer.json()["data"]) == (200, {"sessions_ended": ended})
    again = await api.post("/auth/logout-all", body, token=pairs[0]["access_token"])
    assert again.json()["data"] == {"sessions_ended": 0}
    assert len(fakes.revocations.ended) == ended
    assert [await is_live(api, pair) for pair in pairs] == live


async def test_other_users_sessions_are_not_found_except_by_staff(api: Api, verifier: TokenVerifier, fakes: Fakes) -> None:
    (hers,) = await devices(api, 1)
    claims = await verifier.verify(hers["access_token"])
    path = f"/sessions/{claims.session_id}"
    stranger = await api.signed_in(email="stranger@example.na", phone="+264811234560")
    listing = f"/sessions?user_id={claims.subject_id}"
    assert refusal(await api.get(path, token=stranger)) == (404, "RES_001")
    assert refusal(await api.delete(path, token=stranger)) == (404, "RES_001")
    assert refusal(await api.get(listing, token=stranger)) == (404, "RES_001")
    assert refusal(await api.get(f"/sessions/{uuid4()}", token=stranger)) == (404, "RES_001")
    fakes.roles.roles = ("staff",)
    staff = await api.signed_in(email="staff@example.na", phone="+264811234561")
    assert (await api.get(path, token=staff)).status_code == 200
    assert (await api.get(listing, token=staff)).json()["data"]["total"] == 1
    assert refusal(await api.delete(path, token=staff)) == (404, "RES_001")
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    assert (await api.delete(path, token=admin)).status_code == 204
    assert not await is_live(api, hers)


async def test_the_list_distinguishes_live_and_ended_sessions(api: Api) -> None:
    here, _ = await devices(api, 2)
    await api.login(device_id=here["device_id"])
    totals = {
        query: (await api.get(f"/sessions{query}", token=here["access_token"])).json()["data"]["total"]
        for query in ("", "?live=true", "?live=false")
    }
    assert totals == {"": 3, "?live=true": 2, "?live=false": 1}


async def test_an_idle_session_ends(api: Api, database: Database, clock: ControlledClock) -> None:
    (pair,) = await devices(api, 1)
    clock.advance(seconds=1439 * 60)
    kept = (await api.refresh(pair["refresh_token"], device_id=pair["device_id"])).json()["data"]
    clock.advance(seconds=1440 * 60)
    answers = [await api.refresh(kept["refresh_token"], device_id=pair["device_id"]) for _ in range(2)]
    assert [refusal(answer) for answer in answers] == [(401, "AUTH_002"), (401, "AUTH_003")]
    async with database.read() as connection:
        assert list((await connection.execute(text("SELECT end_reason FROM sessions"))).scalars()) == ["idle"]
        facts = "SELECT count(*) FROM outbox WHERE type = 'audit.facts.recorded' AND payload LIKE '%identity.session.end%'"
        assert (await connection.execute(text(facts.replace("payload", "encode(payload, 'escape')")))).scalar_one() == 1


@pytest.mark.clause("ASVS 10.4.5", "RFC 9700 4.14.2")
async def test_a_stolen_token_ends_the_session_and_its_owner_is_notified(api: Api, database: Database) -> None:
    (pair,) = await devices(api, 1)
    assert (await api.refresh(pair["refresh_token"], device_id=str(uuid4()))).status_code == 401
    async with database.read() as connection:
        assert "session_compromised" in list((await connection.execute(text("SELECT template FROM messages"))).scalars())


async def test_a_username_signs_in(api: Api) -> None:
    await api.register(username="Ndapewa")
    assert (await api.login(email=None, username="ndapewa")).status_code == 200


async def test_an_unknown_user_and_a_wrong_password_get_the_same_answer(api: Api) -> None:
    await api.register()
    answers = [
        await api.login(password="Wrong-Sunrise-47!"),
        await api.login(email="nobody@example.na"),
        await api.login(email=None, username="nobody"),
        await api.login(email=None, username="not a username !"),
    ]
    assert {refusal(answer) for answer in answers} == {(401, "AUTH_001")}
    assert len({answer.json()["error"] for answer in answers}) == 1


async def test_too_many_attempts_get_a_retry_after(api: Api, fakes: Fakes) -> None:
    fakes.attempts.limit = 2
    await api.register()
    statuses = [(await api.login(password="Wrong-Sunrise-47!")).status_code for _ in range(2)]
    response = await api.login()
    assert statuses == [401, 401]
    assert refusal(response) == (429, "RATE_001")
    assert response.headers["Retry-After"] == "60"


async def test_without_governance_sign_in_is_unavailable(api: Api, fakes: Fakes) -> None:
    await api.register()
    fakes.roles.away = True
    response = await api.login()
    assert refusal(response) == (503, "SRV_002")
    assert int(response.headers["Retry-After"]) > 0


async def test_a_full_hashing_pool_returns_a_retry_after(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.register()
    monkeypatch.setattr(Argon2Passwords, "verify", _busy)
    response = await api.login()
    assert (refusal(response), response.headers["Retry-After"]) == ((503, "SRV_002"), "1")


async def _busy(*_arguments: object) -> None:
    raise HashingBusy


async def test_refresh_rotates_allows_retries_and_detects_reuse(api: Api, clock: ControlledClock) -> None:
    await api.register()
    first = (await api.login()).json()["data"]
    second, retried = [(await api.refresh(first["refresh_token"])).json()["data"] for _ in range(2)]
    assert second["refresh_token"] == retried["refresh_token"] != first["refresh_token"]
    clock.advance(seconds=11)
    assert refusal(await api.refresh(first["refresh_token"])) == (401, "AUTH_003")
    assert refusal(await api.refresh(second["refresh_token"])) == (401, "AUTH_003")


@pytest.mark.clause("ASVS 10.4.8")
async def test_a_refresh_token_ends_after_seven_days_however_often_refreshed(api: Api, clock: ControlledClock) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["refresh_token"]
    for _ in range(7):
        clock.advance(days=0.99)
        token = (await api.refresh(token)).json()["data"]["refresh_token"]
    clock.advance(days=0.08)
    assert refusal(await api.refresh(token)) == (401, "AUTH_002")


@pytest.mark.clause("RFC 9700 2.2.2")
async def test_a_refresh_from_another_device_is_refused(api: Api) -> None:
    await api.register()
    token = (await api.login()).json()["data"]["refresh_token"]
    assert refusal(await api.refresh(token, device_id=str(uuid4()))) == (401, "AUTH_003")


@pytest.mark.clause("ASVS 7.4.1")
async def test_logout_ends_the_session(api: Api, fakes: Fakes) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    for _ in range(2):
        response = await api.post("/auth/logout", token=pair["access_token"], key="any")
        assert response.status_code == 200
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_003")
    assert len(fakes.revocations.ended) == 1


async def test_a_user_lists_only_their_own_sessions_and_wallet_addresses(api: Api) -> None:
    registered = (await api.register()).json()["data"]
    await api.login(device_id=str(uuid4()))
    token = (await api.login()).json()["data"]["access_token"]
    sessions = (await api.get("/sessions", token=token)).json()["data"]["items"]
    assert sorted(session["current"] for session in sessions) == [False, True]
    assert {session["ended_at"] for session in sessions} == {None}
    addresses = (await api.get("/wallet-addresses", token=token)).json()["data"]["items"]
    assert [address["address"] for address in addresses] == [registered["wallet_address"]]
