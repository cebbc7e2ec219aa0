"""Clients of the API of things."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from libs.chassis.tests.rest.requests.things_api import router


@pytest.fixture
def app(make_app: Callable[..., FastAPI]) -> FastAPI:
    return make_app(router)


@pytest.fixture
async def client(app: FastAPI, client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(app)
