"""Sessions show their address and program, so that users recognise a stranger's session."""

from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from services.identity.tests.contract.api import PASSWORD, Api

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


async def by(api: Api, user_agent: str, path: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {"User-Agent": user_agent} | ({"Authorization": f"Bearer {token}"} if token else {})
    answer: httpx.Response = await api.client.post(f"/api/v1{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def login(api: Api, user_agent: str, device_id: str) -> dict[str, Any]:
    body = {"email": "ndapewa@example.na", "password": PASSWORD, "device_id": device_id}
    return await by(api, user_agent, "/auth/login", body)


async def test_sessions_and_devices_show_time_address_and_program(
    api: Api, clock: ControlledClock, database_urls: DatabaseUrls
) -> None:
    await api.register()
    own, strange = str(uuid4()), str(uuid4())
    pair = await login(api, FIREFOX, own)
    clock.advance(seconds=60)
    stranger = await login(api, "elcorp-journey/1.0", strange)
    clock.advance(seconds=60)
    await by(api, SAFARI, "/auth/refresh", {"refresh_token": pair["refresh_token"], "device_id": own})
    clock.advance(seconds=60)
    await by(api, SAFARI, "/auth/step-up", {"password": PASSWORD}, stranger["access_token"])
    sessions = (await api.get("/sessions", token=pair["access_token"])).json()["data"]["items"]
    here = {"address": "198.51.100.7"}
    times = ("started_at", "last_active_at", "last_proof_at")
    assert [[each[time][14:16] for time in times] for each in sessions] == [["01", "03", "03"], ["00", "02", "00"]]
    assert [(each["started_from"], each["last_seen_from"]) for each in sessions] == [
        ({**here, "program": "elcorp-journey 1.0"}, {**here, "program": "elcorp-journey 1.0"}),
        ({**here, "program": "Firefox 140 on Windows"}, {**here, "program": "Mobile Safari 18 on iOS"}),
    ]
    assert (await api.get(f"/sessions/{sessions[0]['id']}", token=pair["access_token"])).json()["data"] == sessions[0]
    seen = {each["device_id"]: each["last_seen_from"] for each in sessions}
    # A device keeps showing its last session's origin after the session has ended.
    await api.delete(f"/sessions/{sessions[0]['id']}", token=pair["access_token"])
    devices = (await api.get("/devices", token=pair["access_token"])).json()["data"]["items"]
    assert {each["id"]: each["last_seen_from"] for each in devices} == seen
    with psycopg.connect(database_urls.owner, row_factory=dict_row) as connection:
        kept = connection.execute("SELECT * FROM sessions").fetchall()
    assert not [word for row in kept for word in (b"198.51.100.7", b"Firefox", b"journey") if word in str(row).encode()]


@pytest.mark.parametrize("user_agent", ["", "x" * 9000, "Mozilla/5.0 (" + "(" * 400, "<script>alert(1)</script>", "\xff\xfe"])
async def test_a_session_is_shown_whatever_user_agent_its_client_sends(api: Api, user_agent: str) -> None:
    await api.register()
    body = {"email": "ndapewa@example.na", "password": PASSWORD, "device_id": str(api.device_id)}
    headers = [(b"User-Agent", user_agent.encode("latin-1")), (b"Content-Type", b"application/json")]
    answer = await api.client.post("/api/v1/auth/login", json=body, headers=headers)
    token = answer.json()["data"]["access_token"]
    (session,) = (await api.get("/sessions", token=token)).json()["data"]["items"]
    program = session["started_from"]["program"]
    assert program is None or (program.isascii() and len(program) <= 40)


async def test_a_session_from_before_origins_were_stored_has_none(api: Api, database_urls: DatabaseUrls) -> None:
    token = await api.signed_in()
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute("UPDATE sessions SET started_from = NULL")
    (session,) = (await api.get("/sessions", token=token)).json()["data"]["items"]
    (device,) = (await api.get("/devices", token=token)).json()["data"]["items"]
    assert (session["started_from"], session["last_seen_from"], device["last_seen_from"]) == (None, None, None)
