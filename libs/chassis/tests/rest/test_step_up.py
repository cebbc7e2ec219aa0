"""Operations that require two factors or a recent sign-in, and how a client learns what is missing (RFC 9470)."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from chassis.auth.revocations import Revocations
from chassis.rest import Authenticated, CurrentActor, Envelope, Public, Requires, Router, envelope
from chassis.testing.tokens import TokenForge
from kernel.assurance import NONE, RECENT, STRONG, Factors
from kernel.ids import new_id
from kernel.reads import NOBODY

router = Router("/vaults", assurance=NONE, reads=NOBODY)


@router.post("/strong", dependencies=[Requires("payment:create")], assurance=STRONG)
async def open_strong() -> Envelope[str]:
    return envelope("open")


@router.post("/forbidden", dependencies=[Requires("vault:paint")], assurance=STRONG)
async def paint_vault() -> Envelope[str]:
    return envelope("painted")


@router.get("/recent", dependencies=[Authenticated], assurance=RECENT)
async def open_recent() -> Envelope[str]:
    return envelope("open")


@router.get("/free", dependencies=[Authenticated])
async def open_free() -> Envelope[str]:
    return envelope("open")


@router.post("/asked", dependencies=[Public], others=RECENT)
async def asked_by_use_case(actor: CurrentActor) -> Envelope[str]:
    STRONG.require(actor, at=TokenForge().clock.now())
    return envelope("open")


@router.post("/of-another", dependencies=[Authenticated])
async def asked_of_others(actor: CurrentActor) -> Envelope[str]:
    RECENT.require(actor, at=TokenForge().clock.now())
    return envelope("open")


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(make_app(router))


def aged(forge: TokenForge, seconds: int) -> dict[str, int]:
    return {"auth_time": int(forge.clock.now().timestamp()) - seconds}


async def test_two_recent_factors_are_enough(client: httpx.AsyncClient, forge: TokenForge) -> None:
    response = await client.post("/api/v1/vaults/strong", headers=forge.headers(methods=["pwd", "otp", "mfa"]))
    assert response.status_code == 200
    assert (await client.get("/api/v1/vaults/recent", headers=forge.headers())).status_code == 200


@pytest.mark.clause("RFC 9470 3")
async def test_with_one_factor_the_error_says_what_is_missing(client: httpx.AsyncClient, forge: TokenForge) -> None:
    response = await client.post("/api/v1/vaults/strong", headers=forge.headers(methods=["pwd"]))
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_005")
    assert response.json()["step_up"] == {"acr_values": "urn:elcorp:acr:mfa", "max_age": 300}
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="insufficient_user_authentication", error_description="')
    assert challenge.endswith('acr_values="urn:elcorp:acr:mfa", max_age="300"')


@pytest.mark.clause("RFC 9470 3")
async def test_after_an_old_sign_in_only_a_new_one_is_required(client: httpx.AsyncClient, forge: TokenForge) -> None:
    response = await client.get("/api/v1/vaults/recent", headers=forge.headers(claims=aged(forge, 302)))
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_005")
    assert response.json()["step_up"] == {"acr_values": None, "max_age": 300}
    assert "acr_values" not in response.headers["WWW-Authenticate"]
    old = forge.headers(methods=["pwd", "otp", "mfa"], claims=aged(forge, 302))
    assert (await client.post("/api/v1/vaults/strong", headers=old)).status_code == 401


@pytest.mark.parametrize("known", [True, None])
async def test_a_user_with_two_factors_is_never_admitted_with_one(
    client: httpx.AsyncClient, forge: TokenForge, known: bool | None
) -> None:
    """A token without this claim (of the previous release) is treated as one of such a user."""
    one = forge.headers(methods=["pwd"], claims={"second_factor": known})
    response = await client.get("/api/v1/vaults/recent", headers=one)
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_005")
    assert response.json()["step_up"] == {"acr_values": "urn:elcorp:acr:mfa", "max_age": 300}
    both = forge.headers(methods=["pwd", "otp", "mfa"], claims={"second_factor": known})
    assert (await client.get("/api/v1/vaults/recent", headers=both)).status_code == 200


@pytest.mark.parametrize(("roles", "status"), [(["user"], 200), (["user", "teller"], 401)])
async def test_outside_local_privileged_users_are_never_admitted_with_one_factor(
    make_app: Callable[..., FastAPI],
    client_of: Callable[[FastAPI], httpx.AsyncClient],
    forge: TokenForge,
    roles: list[str],
    status: int,
) -> None:
    """This includes the minutes until a role granted after the sign-in makes them set up a second factor."""
    client = client_of(make_app(router, privileged_have_two=True))
    one = forge.headers(roles=roles, methods=["pwd"], second_factor=False)
    assert (await client.get("/api/v1/vaults/recent", headers=one)).status_code == status
    assert (await client.post("/api/v1/vaults/of-another", headers=one)).status_code == status
    two = forge.headers(roles=roles, methods=["pwd", "otp", "mfa"], second_factor=False)
    assert (await client.get("/api/v1/vaults/recent", headers=two)).status_code == 200


@pytest.mark.parametrize(("version", "status"), [(None, 401), (4, 401), (5, 200), (6, 200)])
async def test_a_token_older_than_a_change_of_factors_meets_no_assurance(
    client: httpx.AsyncClient, forge: TokenForge, revocations: Revocations, version: int | None, status: int
) -> None:
    user, claims = new_id(), {"factors_version": version}
    two = forge.headers(user, methods=["pwd", "otp", "mfa"], second_factor=True, claims=claims)
    other = forge.headers(methods=["pwd", "otp", "mfa"], second_factor=True, claims=claims)
    revocations.change_factors(user, Factors(5, has_second=True), forge.clock.now().timestamp())
    for headers, expected in ((two, status), (other, 200)):
        assert (await client.get("/api/v1/vaults/recent", headers=headers)).status_code == expected
        assert (await client.post("/api/v1/vaults/strong", headers=headers)).status_code == expected
        assert (await client.post("/api/v1/vaults/of-another", headers=headers)).status_code == expected
        assert (await client.get("/api/v1/vaults/free", headers=headers)).status_code == 200


@pytest.mark.parametrize(("has_second", "asked"), [(True, "urn:elcorp:acr:mfa"), (False, None)])
async def test_an_older_token_must_meet_the_users_current_factors(
    client: httpx.AsyncClient, forge: TokenForge, revocations: Revocations, has_second: bool, asked: str | None
) -> None:
    user = new_id()
    headers = forge.headers(user, methods=["pwd"], second_factor=not has_second)
    revocations.change_factors(user, Factors(1, has_second=has_second), forge.clock.now().timestamp())
    refused = await client.get("/api/v1/vaults/recent", headers=headers)
    assert refused.json()["step_up"] == {"acr_values": asked, "max_age": 300}


async def test_a_caller_without_the_permission_is_denied_without_a_challenge(
    client: httpx.AsyncClient, forge: TokenForge
) -> None:
    response = await client.post("/api/v1/vaults/forbidden", headers=forge.headers(methods=["pwd"]))
    assert (response.status_code, response.json()["code"]) == (403, "ACC_001")


async def test_a_use_cases_requirement_is_reported_in_the_same_way(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/vaults/asked")
    assert response.json()["step_up"] == {"acr_values": "urn:elcorp:acr:mfa", "max_age": 300}
    assert "insufficient_user_authentication" in response.headers["WWW-Authenticate"]


async def test_the_document_states_the_required_assurance(make_app: Callable[..., FastAPI]) -> None:
    paths = make_app(router).openapi()["paths"]
    recent, strong = paths["/api/v1/vaults/recent"]["get"], paths["/api/v1/vaults/strong"]["post"]
    assert recent["x-assurance"] == {"level": "recent", "multi_factor": False, "max_age": 300}
    assert strong["x-assurance"] == {"level": "strong", "multi_factor": True, "max_age": 300}
    assert recent["description"] == (
        "Requires that the caller signed in within the last five minutes with every factor of their account."
    )
    assert "AUTH_005" in strong["responses"]["401"]["description"]
    asked = paths["/api/v1/vaults/asked"]["post"]
    assert asked["x-assurance"] == {"level": "none", "multi_factor": False, "max_age": None, "others": "recent"}
    assert asked["description"].startswith("For another user's resource, requires that the caller signed in")
