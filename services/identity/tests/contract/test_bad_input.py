"""Bad input gets a clear error, writes nothing, and never causes a 5xx."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.persistence.database import Database
from services.identity.tests.contract.api import DETAILS, Api
from services.identity.tests.fakes import Fakes

LOGIN = {"email": "ndapewa@example.na", "password": "x", "device_id": "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"}


async def written(database: Database) -> int:
    async with database.read() as connection:
        return int(
            (await connection.execute(text("SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM sessions)"))).scalar_one()
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", "x"),
        ("full_name", "x" * 101),
        ("full_name", 7),
        ("full_name", None),
        ("full_name", "Nda\u0000pewa"),
        ("full_name", "Nda\u0007pewa"),
        ("full_name", "Nda\u202epewa"),
        ("full_name", "Nda\u0085pewa"),
        ("full_name", "    "),
        ("email", "no-at-sign"),
        ("email", "a@b"),
        ("email", "x" * 250 + "@example.na"),
        ("email", ["ndapewa@example.na"]),
        ("email", "ndapewa@example.na\r\nBcc: all@example.na"),
        ("phone", "0811234567"),
        ("phone", "+264 000 000"),
        ("phone", "+264991234567"),
        ("phone", "+2648112345678901234"),
        ("phone", 264811234567),
        ("phone", "'; DROP TABLE users;--"),
        ("password", "short"),
        ("password", "Aabc1!" * 40),
        ("password", "x" * 5000),
        ("password", 123456789012),
        ("password", "Oshana-Sunrise-\u00004!"),
        ("agreed_terms", False),
        ("agreed_terms", "true"),
        ("agreed_terms", 1),
        ("organization", ""),
        ("organization", "x" * 101),
        ("organization", "Mills\u2066"),
        ("username", "no spaces"),
        ("username", "x"),
        ("role", "admin"),
        ("initial_role", "admin"),
    ],
)
async def test_registration_refuses_bad_input(api: Api, database: Database, field: str, value: object) -> None:
    response = await api.register(**{field: value})
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (422, "validation_error", "VAL_001")
    assert [error["field"] for error in body["errors"]] == [field]
    assert await written(database) == 0


@pytest.mark.parametrize("field", DETAILS)
async def test_registration_needs_every_field(api: Api, field: str) -> None:
    response = await api.post("/auth/register", {name: value for name, value in DETAILS.items() if name != field})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": None}, "body"),
        ({"username": "ndapewa"}, "body"),
        ({"email": 7}, "email"),
        ({"email": "\u0000"}, "email"),
        ({"password": None}, "password"),
        ({"password": ""}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"device_id": None}, "device_id"),
        ({"device_id": "device-1"}, "device_id"),
        ({"device_id": 1}, "device_id"),
        ({"otp": "123456"}, "otp"),
    ],
)
async def test_login_refuses_bad_input(api: Api, changes: dict[str, object], field: str) -> None:
    body = {**LOGIN, **changes}
    response = await api.post("/auth/login", {name: value for name, value in body.items() if value is not None})
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("token", ["", "x" * 4097, 7, None])
async def test_refresh_refuses_malformed_bodies(api: Api, token: object) -> None:
    response = await api.post("/auth/refresh", {"refresh_token": token, "device_id": LOGIN["device_id"]})
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")


@pytest.mark.parametrize("token", ["x", "elr_", "elr_AAAA", "ü" * 100, "eyJhbGciOiJub25lIn0.e30."])
async def test_refresh_refuses_forged_tokens(api: Api, token: str) -> None:
    response = await api.refresh(token)
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_003")


@pytest.mark.parametrize("path", ["/auth/register", "/auth/login", "/auth/refresh"])
@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"email": NaN}', "application/json", 422),
        (b'{"email": "\\ud800"}', "application/json", 422),
        (b'{"email": "\xff"}', "application/json", 422),
        (b"[" * 2000, "application/json", 422),
        (b"email=x", "application/x-www-form-urlencoded", 415),
        (b'{"email": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
    ],
)
async def test_unreadable_bodies_are_refused(api: Api, path: str, content: bytes, content_type: str, status: int) -> None:
    response = await api.client.post(f"/api/v1{path}", content=content, headers={"Content-Type": content_type})
    assert response.status_code == status
    assert response.json()["code"].startswith("VAL_")


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "search=';DROP TABLE users;--", "page=1&page=2&sort=id"])
async def test_lists_refuse_unknown_and_out_of_range_parameters(api: Api, fakes: Fakes, query: str) -> None:
    fakes.roles.roles = ("staff",)
    token = await api.signed_in()
    assert (await api.get(f"/users?reason=complaint+4711&{query}", token=token)).status_code == 422


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["register", "login", "refresh"]),
    changes=st.dictionaries(st.sampled_from([*DETAILS, *LOGIN, "refresh_token"]), JSON),
)
async def test_no_body_causes_a_server_error(api: Api, path: str, changes: dict[str, object]) -> None:
    bases: dict[str, dict[str, object]] = {
        "register": {**DETAILS},
        "login": {**LOGIN},
        "refresh": {"refresh_token": "x", "device_id": LOGIN["device_id"]},
    }
    content = json.dumps({**bases[path], **changes}).encode("utf-8", "surrogatepass")
    response = await api.client.post(f"/api/v1/auth/{path}", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code < 500
