"""Requests made from the published OpenAPI document: nothing breaks, and every answer is as documented."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from elcorp_local.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# `make check` holds the file to what the services publish.
DOCUMENT = schemathesis.openapi.from_path(Path(__file__).parents[1] / "docs" / "openapi.json")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own: what random requests leave behind is nobody else's."""
    environment = {"ELCORP_RATE_LIMIT_PER_MINUTE": "1000000", "ELCORP_LOGIN_ATTEMPTS_PER_HOUR": "100000"}
    with Platform.start(tmp_path_factory.mktemp("fuzzed"), environment=environment, fast=True) as platform:
        yield platform


@pytest.fixture(scope="module")
def connection() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def bearer(fuzzed: Platform, connection: requests.Session) -> str:
    """An administrator's token, made anew when the last one is dead: a request may have signed out."""
    held = connection.headers.get("Authorization")
    if isinstance(held, str) and connection.get(f"{fuzzed.url}/api/v1/users/me").status_code == httpx.codes.OK:
        return held
    body = {
        "email": fuzzed.admin_email,
        "password": fuzzed.admin_password,
        "device_id": "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10",
    }
    answer = httpx.post(f"{fuzzed.url}/api/v1/auth/login", json=body).json()
    connection.headers["Authorization"] = f"Bearer {answer['data']['access_token']}"
    return connection.headers["Authorization"]


@DOCUMENT.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_documented(
    case: schemathesis.Case[Any], fuzzed: Platform, connection: requests.Session, bearer: str
) -> None:
    response = case.call(base_url=fuzzed.url, session=connection, headers={"Authorization": bearer})
    case.validate_response(response, checks=CHECKS)
