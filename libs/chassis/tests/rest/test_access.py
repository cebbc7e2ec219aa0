"""Which callers are admitted; and an app with an undeclared route does not start."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI, Request

from chassis.auth import SubjectRoles
from chassis.rest import Authenticated, CurrentActor, Envelope, Public, RequestModel, Requires, Router, envelope
from chassis.rest.app import UndeclaredAccess, UndeclaredAssurance
from chassis.telemetry.context import acting_subject
from chassis.testing.tokens import TokenForge
from kernel.actor import Actor, ActorKind
from kernel.assurance import NONE
from kernel.ids import new_id
from kernel.reads import NOBODY

router = Router("/doors", assurance=NONE, reads=NOBODY)


class DoorRequest(RequestModel):
    name: str


@router.get("/open", dependencies=[Public])
async def open_door(actor: CurrentActor) -> Envelope[str]:
    return envelope(f"{actor.kind}:{actor.subject_id}")


@router.get("/mine", dependencies=[Authenticated])
async def my_door(actor: CurrentActor) -> Envelope[dict[str, object]]:
    return envelope(
        {
            "id": actor.subject_id,
            "roles": sorted(actor.roles),
            "session": str(actor.session_id),
            "device": actor.device_id,
            "methods": actor.methods,
            "authenticated": str(actor.authenticated_at),
        }
    )


@router.get("/whole", dependencies=[Authenticated])
async def whole_actor(request: Request, actor: CurrentActor) -> Envelope[str]:
    request.app.state.actors.append(actor)
    return envelope("seen")


@router.get("/passing", dependencies=[Public])
async def any_actor(request: Request, actor: CurrentActor) -> Envelope[str]:
    request.app.state.actors.append(actor)
    return envelope("seen")


@router.get("/on-behalf", dependencies=[Authenticated])
async def on_behalf() -> Envelope[str]:
    return envelope(acting_subject())


@router.get("/on-behalf-of-any-actor", dependencies=[Public])
async def on_behalf_of_any_actor() -> Envelope[str]:
    return envelope(acting_subject())


@router.post("", dependencies=[Requires("payment:create")])
async def make_door(body: DoorRequest) -> Envelope[str]:
    return envelope(body.name)


@router.get("/unheard", dependencies=[Requires("door:paint")])
async def paint_door() -> Envelope[str]:
    return envelope("painted")


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(make_app(router))


async def test_a_public_route_is_anonymous_even_with_a_token(client: httpx.AsyncClient, forge: TokenForge) -> None:
    for headers in ({}, forge.headers(), {"Authorization": "Bearer rubbish"}):
        response = await client.get("/api/v1/doors/open", headers=headers)
        assert response.json()["data"] == "anonymous:anonymous"


async def test_the_actor_comes_from_the_token(client: httpx.AsyncClient, forge: TokenForge) -> None:
    subject, session = new_id(), new_id()
    headers = forge.headers(subject, roles=["user", "staff"], session_id=session, methods=["pwd", "otp"])
    data = (await client.get("/api/v1/doors/mine", headers=headers)).json()["data"]
    assert data["id"] == str(subject)
    assert data["roles"] == ["staff", "user"]
    assert (data["session"], data["device"], data["methods"]) == (str(session), "device-1", ["pwd", "otp"])


async def test_the_use_case_receives_everything_known_of_the_caller(
    make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient], forge: TokenForge
) -> None:
    app = make_app(router)
    actors: list[Actor] = []
    app.state.actors = actors
    subject, session, at = new_id(), new_id(), datetime(2026, 3, 21, 8, tzinfo=UTC)
    headers = forge.headers(
        subject,
        roles=["staff"],
        session_id=session,
        methods=["pwd", "otp"],
        second_factor=True,
        claims={"auth_time": int(at.timestamp()), "factors_version": 4},
    )
    more = {"User-Agent": "Browser/1", "X-Request-Id": "request-7"}
    assert (await client_of(app).get("/api/v1/doors/whole", headers=headers | more)).status_code == 200
    assert actors == [
        Actor(
            kind=ActorKind.USER,
            subject_id=str(subject),
            roles=frozenset({"staff"}),
            session_id=session,
            device_id="device-1",
            ip="127.0.0.1",
            user_agent="Browser/1",
            request_id="request-7",
            authenticated_at=at,
            methods=("pwd", "otp"),
            has_second_factor=True,
            factors_version=4,
        )
    ]


@pytest.mark.parametrize("signed_in", [False, True])
async def test_of_an_anonymous_caller_only_the_address_and_client_are_known(
    make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient], forge: TokenForge, signed_in: bool
) -> None:
    app = make_app(router)
    actors: list[Actor] = []
    app.state.actors = actors
    more = {"User-Agent": "Browser/1", "X-Request-Id": "request-7"}
    headers = forge.headers() if signed_in else {}
    assert (await client_of(app).get("/api/v1/doors/passing", headers=headers | more)).status_code == 200
    assert actors == [
        Actor(
            kind=ActorKind.ANONYMOUS,
            subject_id="anonymous",
            ip="127.0.0.1",
            user_agent="Browser/1",
            request_id="request-7",
        )
    ]


async def test_work_for_a_request_is_done_on_behalf_of_its_caller(client: httpx.AsyncClient, forge: TokenForge) -> None:
    subject = new_id()
    for path, headers, known in (
        ("on-behalf", forge.headers(subject), str(subject)),
        ("on-behalf-of-any-actor", forge.headers(subject), "anonymous"),
        ("on-behalf-of-any-actor", {}, "anonymous"),
    ):
        assert (await client.get(f"/api/v1/doors/{path}", headers=headers)).json()["data"] == known
    # After the response there is no caller any more.
    assert acting_subject() == ""


async def test_a_long_user_agent_is_truncated(
    make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    app = make_app(router)
    app.state.actors = []
    for agent in ("x" * 256, "x" * 256 + "y"):
        await client_of(app).get("/api/v1/doors/passing", headers={"User-Agent": agent})
    assert [actor.user_agent for actor in app.state.actors] == ["x" * 256] * 2


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "AUTH_004"),
        ("", "AUTH_004"),
        ("Bearer ", "AUTH_003"),
        ("Bearer a.b.c", "AUTH_003"),
        ("Basic dXNlcjpwYXNz", "AUTH_003"),
        ("Bearer " + "x" * 9000, "AUTH_003"),
    ],
)
async def test_without_a_valid_token_the_status_is_401(client: httpx.AsyncClient, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = await client.get("/api/v1/doors/mine", headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, code)
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Basic ", "DPoP ", "Token ", "Bearers ", ""])
async def test_a_valid_token_under_another_scheme_is_refused(client: httpx.AsyncClient, forge: TokenForge, scheme: str) -> None:
    response = await client.get("/api/v1/doors/mine", headers={"Authorization": scheme + forge.token()})
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_003")


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer  "])
async def test_the_scheme_may_be_written_in_any_case(client: httpx.AsyncClient, forge: TokenForge, scheme: str) -> None:
    response = await client.get("/api/v1/doors/mine", headers={"Authorization": scheme + forge.token()})
    assert response.status_code == 200


async def test_an_expired_token_gets_its_own_error(client: httpx.AsyncClient, forge: TokenForge) -> None:
    response = await client.get("/api/v1/doors/mine", headers=forge.headers(life_seconds=-1))
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_002")


async def test_the_permission_is_checked_before_the_body_is_read(client: httpx.AsyncClient, forge: TokenForge) -> None:
    headers = {"Content-Type": "text/plain"}
    assert (await client.post("/api/v1/doors", content=b"{{{", headers=headers)).status_code == 401
    headers |= forge.headers(roles=["guest"])
    response = await client.post("/api/v1/doors", content=b"{{{", headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "ACC_001")


async def test_a_permission_that_no_policy_knows_is_denied(client: httpx.AsyncClient, forge: TokenForge) -> None:
    assert (await client.get("/api/v1/doors/unheard", headers=forge.headers(roles=["admin", "user"]))).status_code == 403


async def test_a_role_change_applies_to_the_next_request_with_the_old_token(
    client: httpx.AsyncClient, forge: TokenForge, subject_roles: SubjectRoles
) -> None:
    subject = new_id()
    headers = forge.headers(subject, roles=["user"])
    assert (await client.post("/api/v1/doors", json={"name": "a"}, headers=headers)).status_code == 200
    subject_roles.change(str(subject), ["guest"], changed_at=datetime.now(UTC))
    assert (await client.post("/api/v1/doors", json={"name": "a"}, headers=headers)).status_code == 403


def test_a_route_without_an_access_marker_does_not_start(make_app: Callable[..., FastAPI]) -> None:
    careless = Router("/careless", assurance=NONE, reads=NOBODY)

    @careless.get("")
    async def forgotten() -> Envelope[str]:
        return envelope("oh")

    with pytest.raises(UndeclaredAccess, match="forgotten"):
        make_app(careless)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_changing_operation_without_an_assurance_does_not_start(make_app: Callable[..., FastAPI], method: str) -> None:
    careless = Router("/careless", dependencies=[Authenticated])

    @careless.operation(method, "")
    async def forgotten() -> Envelope[str]:
        return envelope("oh")

    with pytest.raises(UndeclaredAssurance, match="forgotten"):
        make_app(careless)


def test_a_routers_marker_applies_unless_the_route_has_its_own() -> None:
    strict = Router("/strict", dependencies=[Authenticated], assurance=NONE, reads=NOBODY)

    @strict.get("")
    async def inherits() -> Envelope[str]:
        return envelope("in")

    @strict.get("/open", dependencies=[Public])
    async def opens() -> Envelope[str]:
        return envelope("out")

    assert [route.access for route in strict.routes] == [Authenticated, Public]  # type: ignore[attr-defined]


def test_a_plain_endpoint_is_refused() -> None:
    with pytest.raises(TypeError, match="not async"):

        @Router("/plain").get("", dependencies=[Public])
        def plain() -> Envelope[str]:
            return envelope("slow")
