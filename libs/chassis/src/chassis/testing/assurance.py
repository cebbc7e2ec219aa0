"""Checks that every operation of a service requires the sign-in that it declares."""

import re
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import httpx

from chassis.persistence.database import Database
from chassis.rest import Router
from chassis.rest.route import Route
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from chassis.testing.rest import rest_client
from chassis.testing.sessions import none_ended
from chassis.testing.stored import unchanged
from chassis.testing.tokens import TokenForge
from kernel.assurance import AGE_SECONDS_MAX, NONE, RECENT, STRONG, Assurance, Factors
from kernel.ids import new_id

_ROLE: Final = "holder-of-every-permission"
_SERVER_ERROR: Final = 500
_VERSION: Final = 7
_ONE: Final = {"methods": ("pwd",)}
_TWO: Final = {"methods": ("pwd", "otp", "mfa")}
# The sign-ins of tokens, and the assurance levels that each one meets.
_TOKENS: Final[dict[str, tuple[dict[str, Any], set[Assurance]]]] = {
    "one of two factors": ({**_ONE, "second_factor": True}, {NONE}),
    "one factor of a token that does not say whether there are two": ({**_ONE, "claims": {"second_factor": None}}, {NONE}),
    "the only factor, too long ago": ({**_ONE, "second_factor": False, "seconds_ago": AGE_SECONDS_MAX + 1}, {NONE}),
    "two factors, too long ago": ({**_TWO, "second_factor": True, "seconds_ago": AGE_SECONDS_MAX + 1}, {NONE}),
    "the only factor, just now": ({**_ONE, "second_factor": False}, {NONE, RECENT}),
    "the only factor, of before a second one": (
        {**_ONE, "second_factor": False, "claims": {"factors_version": _VERSION - 1}},
        {NONE},
    ),
    "two factors, of before one was removed": (
        {**_TWO, "second_factor": True, "claims": {"factors_version": _VERSION - 1}},
        {NONE},
    ),
    "two factors, just now": ({**_TWO, "second_factor": True, "seconds_ago": AGE_SECONDS_MAX}, {NONE, RECENT, STRONG}),
}


async def misjudged(
    application: object, routers: Sequence[Router], database: Database, clock: ControlledClock, *, caller: UUID | None = None
) -> list[str]:
    """Send tokens of every kind to each unsafe operation; return the cases in which it did not do what it declares.

    The caller has every permission (and is `caller`, if a service looks up its users). Bodies are empty and ids unknown, so that
    no request gets past its checks. Fails if a request with an insufficient token changed a row.
    """
    routes = [route for router in routers for route in router.routes if isinstance(route, Route) and route.assurance]
    permissions = {route.access.permission for route in routes if route.access and route.access.permission}
    forge = TokenForge(clock)
    subject, revocations = caller or new_id(), none_ended()
    # The present version; older tokens have an earlier one.
    revocations.change_factors(subject, Factors(_VERSION, has_second=True), time.time())
    tokens = {what: (_headers(forge, subject, **options), enough_for) for what, (options, enough_for) in _TOKENS.items()}
    attempts = [(route, what, route.assurance in enough_for) for route in routes for what, (_, enough_for) in tokens.items()]
    async with rest_client(
        application,
        routers,
        verifier=forge.verifier(),
        policies=permitting({_ROLE: sorted(permissions)}, clock),
        database=database,
        clock=clock,
        revocations=revocations,
    ) as client:
        async with unchanged(database):
            refused = [
                f"{route.operation_id} admits {what}"
                for route, what, enough in attempts
                if not enough and not await _is_asked_for_more(client, route, tokens[what][0])
            ]
        return refused + [
            f"{route.operation_id} refuses {what}"
            for route, what, enough in attempts
            if enough and await _is_asked_for_more(client, route, tokens[what][0])
        ]


def _headers(
    forge: TokenForge, caller: UUID, *, seconds_ago: int = 0, claims: dict[str, Any] | None = None, **options: Any
) -> dict[str, str]:
    said = {"auth_time": int(forge.clock.now().timestamp()) - seconds_ago, "factors_version": _VERSION, **(claims or {})}
    return forge.headers(caller, roles=[_ROLE], device_id=str(new_id()), claims=said, **options)


async def _is_asked_for_more(client: httpx.AsyncClient, route: Route, headers: dict[str, str]) -> bool:
    method = min(route.methods or ())
    path = re.sub(r"\{\w+\}", str(new_id()), route.path)
    answer = await client.request(method, path, json={}, headers=headers)
    if answer.status_code >= _SERVER_ERROR:
        raise AssertionError(f"{route.operation_id} answers {answer.status_code}: {answer.text[:300]}")
    return bool(answer.status_code == httpx.codes.UNAUTHORIZED and answer.json()["code"] == "AUTH_005")
