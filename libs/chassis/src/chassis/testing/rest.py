"""A service's REST API in contract tests: everything is real except the port."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from chassis.auth import EndedMemberships, SubjectRoles, TokenVerifier
from chassis.auth.revocations import Revocations
from chassis.persistence.database import Database
from chassis.persistence.idempotency_scope import OwnKeys
from chassis.policies import Policies
from chassis.rest import IdempotencyStore, Router, create_app
from chassis.rest.app_state import AppState
from chassis.rest.followers import Followers
from chassis.testing.sessions import none_ended
from chassis.testing.stored import require_journaled
from kernel.clock import Clock

# How long a request takes depends on how busy the machine is. Deadlines have tests in chassis.
_REQUEST_SECONDS = 60


def app_state_of(client: httpx.AsyncClient) -> AppState:
    """Return the state of the client's app."""
    transport: Any = client._transport  # noqa: SLF001  # httpx has no public name for it
    app_state: AppState = transport.app.state.app_state
    return app_state


def followers_of(client: httpx.AsyncClient) -> Followers:
    """Return the followers of event streams of the client's app."""
    return app_state_of(client).followers


@asynccontextmanager
async def rest_client(
    application: object,
    routers: Sequence[Router],
    *,
    verifier: TokenVerifier,
    policies: Policies,
    database: Database,
    clock: Clock,
    master_key: bytes | None = None,
    peer: tuple[str, int] = ("127.0.0.1", 123),
    revocations: Revocations | None = None,
    own_keys: OwnKeys | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an app with `routers`; `peer` is the address of its requests. At the end, every fact is in the journal.

    Unless `revocations` are given, the list of ended sessions is current and empty.
    """
    app = create_app(
        title="contract",
        application=application,
        routers=routers,
        verifier=verifier,
        policies=policies,
        subject_roles=SubjectRoles(clock),
        memberships=EndedMemberships(clock),
        idempotency=IdempotencyStore(database, clock, master_key=master_key, own=own_keys),
        revocations=none_ended() if revocations is None else revocations,
        request_seconds=_REQUEST_SECONDS,
    )
    # Errors become responses of the app, as they do behind a port.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=peer)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client
    await require_journaled(database)
