from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from chassis.auth import EndedMemberships, SubjectRoles
from chassis.auth.revocations import Revocations
from chassis.rest import IdempotencyStore, Router, create_app
from chassis.testing.policies import permitting
from chassis.testing.sessions import none_ended
from chassis.testing.tokens import TokenForge
from kernel.clock import SystemClock


@pytest.fixture
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture
def subject_roles() -> SubjectRoles:
    return SubjectRoles(SystemClock())


@pytest.fixture
def revocations() -> Revocations:
    return none_ended()


@pytest.fixture
def make_app(forge: TokenForge, subject_roles: SubjectRoles, revocations: Revocations) -> Callable[..., FastAPI]:
    def make(*routers: Router, idempotency: IdempotencyStore | None = None, **options: Any) -> FastAPI:
        return create_app(
            title="things",
            application=object(),
            routers=routers,
            verifier=forge.verifier(),
            policies=permitting({"user": ["payment:create", "user:read"], "teller": ["payment:approve"]}, SystemClock()),
            subject_roles=subject_roles,
            memberships=EndedMemberships(SystemClock()),
            revocations=revocations,
            idempotency=idempotency,
            body_bytes_max=10_000,
            **options,
        )

    return make


@pytest.fixture
async def client_of() -> AsyncIterator[Callable[[FastAPI], httpx.AsyncClient]]:
    clients: list[httpx.AsyncClient] = []

    def open_client(app: FastAPI) -> httpx.AsyncClient:
        # The app handles its own errors: an exception that escaped it would close the connection without a response.
        clients.append(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things"))
        return clients[-1]

    yield open_client
    for client in clients:
        await client.aclose()
