"""Requests generated from the published OpenAPI document: nothing breaks, and every response is as documented."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
# `make check` compares the file with what the services publish.
DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"
# A stream that ends after minutes only. Other streams are of something that does not exist here.
ENDLESS = {"/api/v1/notices/events"}
OPERATIONS = [
    (method.upper(), path)
    for path, operations in json.loads(DOCUMENT.read_text())["paths"].items()
    for method in operations
    if method in {"get", "put", "post", "patch", "delete", "head", "options"} and path not in ENDLESS
]


@pytest.fixture(scope="module")
def document() -> Any:
    # Importing it takes half of pytest's whole collection time, and only this file needs it.
    import schemathesis  # noqa: PLC0415

    return schemathesis.openapi.from_path(DOCUMENT)


@pytest.fixture(scope="module")
def connection() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def bearer(platform: Platform, connection: requests.Session) -> str:
    """Return an administrator's token; sign in again if the last one is no longer valid: a request may have signed out."""
    held = connection.headers.get("Authorization")
    if isinstance(held, str) and connection.get(f"{platform.url}/api/v1/users/me").status_code == httpx.codes.OK:
        return held
    body = {
        "email": platform.admin_email,
        "password": platform.admin_password,
        "device_id": "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10",
    }
    answer = httpx.post(f"{platform.url}/api/v1/auth/login", json=body).json()
    connection.headers["Authorization"] = f"Bearer {answer['data']['access_token']}"
    return connection.headers["Authorization"]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_response_is_as_documented(
    method: str, path: str, document: Any, platform: Platform, connection: requests.Session, bearer: str
) -> None:
    from fuzzing import each_request  # noqa: PLC0415  # imports schemathesis

    each_request(document[path][method], connection, platform.url, {"Authorization": bearer})
