"""The app factory of every service's REST API."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from chassis.auth.access_control import AccessControl
from chassis.auth.ended_memberships import EndedMemberships
from chassis.auth.revocations import Revocations
from chassis.auth.subject_roles import SubjectRoles
from chassis.auth.verifier import TokenVerifier
from chassis.policies.engine import Policies
from chassis.rest import openapi
from chassis.rest.app_state import AppState
from chassis.rest.deadlines import REQUEST_SECONDS
from chassis.rest.fast_path import Shortcut
from chassis.rest.health_routes import add_liveness
from chassis.rest.idempotency import IdempotencyStore
from chassis.rest.middleware import HttpMiddleware
from chassis.rest.route import Route
from chassis.rest.router import Router
from chassis.trusted_proxies import TrustedProxies
from kernel.reads import SEARCH

BODY_BYTES_MAX = 1_048_576


class UndeclaredAccess(Exception):
    """A route declares no access rule; the app refuses to start."""


class UndeclaredAssurance(Exception):
    """An operation that changes something declares no assurance; the app refuses to start."""


class UndeclaredReads(Exception):
    """An operation that reads does not declare whose data it returns, or lists people without a reason; it is not served."""


def create_app(
    *,
    title: str,
    application: object,
    routers: Sequence[Router],
    verifier: TokenVerifier,
    policies: Policies,
    subject_roles: SubjectRoles,
    revocations: Revocations,
    memberships: EndedMemberships,
    idempotency: IdempotencyStore | None,
    trusted_proxies: Sequence[str] = (),
    body_bytes_max: int = BODY_BYTES_MAX,
    privileged_have_two: bool = False,
    request_seconds: float = REQUEST_SECONDS,
) -> FastAPI:
    """Build a service's REST app; endpoints find `application` in `request.app.state.application`.

    `privileged_have_two` is passed to AccessControl; `request_seconds` is the time of requests whose route declares none. Without
    an idempotency store, routes ignore idempotency keys. Raises UndeclaredAccess for a route without an access rule,
    UndeclaredAssurance for an unsafe one without an assurance, and UndeclaredReads for a safe one that does not declare whose
    data it returns.
    """
    app = _App(title, TrustedProxies(trusted_proxies), body_bytes_max)
    app.state.application = application
    access_control = AccessControl(
        verifier=verifier,
        subject_roles=subject_roles,
        policies=policies,
        revocations=revocations,
        memberships=memberships,
        privileged_have_two=privileged_have_two,
    )
    app.state.app_state = AppState(access_control, idempotency, request_seconds)
    for router in routers:
        for route in router.routes:
            _require_declarations(route)
            # Add routes one by one: an included router is matched twice per request.
            app.router.routes.append(route)
    add_liveness(app)
    return app


def _require_declarations(route: BaseRoute) -> None:
    if not isinstance(route, Route) or route.access is None:
        raise UndeclaredAccess(f"{route!r} declares no access: give it Public, Authenticated or Requires(…)")
    if route.is_unsafe and route.assurance is None:
        raise UndeclaredAssurance(f"{route!r} declares no assurance: give it NONE, RECENT or STRONG")
    if route.reads is None and not route.is_unsafe:
        raise UndeclaredReads(f"{route!r} declares no reads: give it NOBODY, OWN, OTHERS, SEARCH or REFERENCE")
    if route.reads is SEARCH and not route.takes_reason:
        raise UndeclaredReads(f"{route!r} searches people but has no reason parameter")


class _App(FastAPI):
    """FastAPI with HttpMiddleware in place of its own middleware."""

    def __init__(self, title: str, proxies: TrustedProxies, body_bytes_max: int) -> None:
        super().__init__(
            title=title,
            version="1",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        self._proxies = proxies
        self._body_bytes_max = body_bytes_max

    def build_middleware_stack(self) -> ASGIApp:
        routed = Shortcut(AsyncExitStackMiddleware(self.router), self.router.routes)
        larger = {
            route.path: route.body_bytes_max for route in self.router.routes if isinstance(route, Route) and route.body_bytes_max
        }
        return HttpMiddleware(routed, proxies=self._proxies, body_bytes_max=self._body_bytes_max, larger=larger)

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            openapi.complete(super().openapi(), self.routes)
        return super().openapi()
