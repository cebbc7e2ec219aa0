"""Tokens of sessions that have ended, and tokens while ended sessions are unknown."""

from collections.abc import Callable
from typing import Final

import httpx
import pytest
from fastapi import FastAPI

from chassis.auth.revocations import Revocations
from chassis.rest import Authenticated, Envelope, Public, Requires, Router, envelope
from chassis.testing.tokens import TokenForge
from kernel.assurance import NONE
from kernel.clock import SystemClock
from kernel.ids import new_id
from kernel.reads import NOBODY

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
vaults, rooms = Router("/vaults", moves_money=True, assurance=NONE, reads=NOBODY), Router("/rooms", assurance=NONE, reads=NOBODY)


async def answer() -> Envelope[str]:
    return envelope("answered")


for router in (vaults, rooms):
    for method in METHODS:
        operation = router.operation(method, "", dependencies=[Authenticated], operation_id=f"{method}-{router.prefix}")
        operation(answer)
    router.post("/guarded", dependencies=[Requires("payment:create")], operation_id=f"guarded-{router.prefix}")(answer)
vaults.post("/public", dependencies=[Public], operation_id="public")(answer)


@pytest.fixture
def unknown() -> bool:
    return False


@pytest.fixture
def revocations(unknown: bool) -> Revocations:
    revocations = Revocations(elapsed=lambda: 0.0)
    if not unknown:
        revocations.confirm()
    return revocations


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(make_app(vaults, rooms))


@pytest.mark.parametrize("path", ["/api/v1/vaults", "/api/v1/rooms"])
@pytest.mark.parametrize("method", METHODS)
async def test_a_token_of_an_ended_session_is_refused(
    client: httpx.AsyncClient, forge: TokenForge, revocations: Revocations, path: str, method: str
) -> None:
    session = new_id()
    headers = forge.headers(session_id=session)
    assert (await client.request(method, path, headers=headers)).status_code == 200
    revocations.end(session, SystemClock().now().timestamp())
    refused = await client.request(method, path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_003")
    assert (await client.request(method, path, headers=forge.headers())).status_code == 200


@pytest.mark.parametrize("unknown", [True])
async def test_while_ended_sessions_are_unknown_only_money_movements_are_refused(
    client: httpx.AsyncClient, forge: TokenForge
) -> None:
    headers = forge.headers()
    calls = [(method, path) for path in ("/api/v1/vaults", "/api/v1/rooms") for method in METHODS]
    calls += [("POST", "/api/v1/vaults/guarded"), ("POST", "/api/v1/rooms/guarded"), ("POST", "/api/v1/vaults/public")]
    answers = {(method, path): await client.request(method, path, headers=headers) for method, path in calls}
    refused = {call for call, answer in answers.items() if answer.status_code != 200}
    moving = {(method, "/api/v1/vaults") for method in METHODS if method != "GET"} | {("POST", "/api/v1/vaults/guarded")}
    assert refused == moving
    assert {(answers[call].status_code, answers[call].json()["code"]) for call in refused} == {(503, "SRV_002")}
