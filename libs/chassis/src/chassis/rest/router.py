"""The router with which services declare their operations."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter, params

from chassis.http import API_BASE
from chassis.rest.access import Access
from chassis.rest.idempotency import Idempotency
from chassis.rest.route import UNSAFE, Route
from kernel.assurance import Assurance
from kernel.reads import ReadsOf

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])


class Router(APIRouter):
    """A noun's routes, under /api/v1 (or another base, such as "" for /.well-known).

    Unsafe routes accept an optional Idempotency-Key and store it; `idempotency="steps"` allows the use case several
    transactions (ADR 47), `idempotency="own"` leaves the key to the use case,
    `idempotent=False` (router) or `idempotency=False` (route) ignores it. An operation's id is its function's name. `assurance`
    is the sign-in that an operation requires (AUTH_005 says what is missing); unsafe operations must declare it. `others` is what
    the use case requires for another person's data, declared here for the documentation. `reads` is whose data an operation
    returns (kernel.reads); safe operations must declare it. `body_bytes_max` lets a route accept larger bodies than the service's
    others. `takes` declares that the body is a file, received before the operation runs (UploadedFile). `seconds` replaces the
    time that an operation may take (ELCORP_REQUEST_SECONDS); an operation that streams its response declares how long that may
    take in all (`stream_seconds`). With `moves_money`, unsafe routes are refused (503) while it is unknown which sessions have
    ended, as the gateway does.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        tags: Sequence[str] = (),
        base: str = API_BASE,
        idempotent: bool = True,
        moves_money: bool = False,
        assurance: Assurance | None = None,
        reads: ReadsOf | None = None,
        **options: Any,
    ) -> None:
        super().__init__(prefix=base + prefix, tags=list(tags), **options)
        self._idempotent = idempotent
        self._moves_money = moves_money
        self._assurance = assurance
        self._reads = reads

    def operation(
        self, method: str, path: str, *, idempotency: Idempotency | None = None, **options: Any
    ) -> Callable[[EndpointT], EndpointT]:
        def register(endpoint: EndpointT) -> EndpointT:
            self.routes.append(self._route(method, path, endpoint, idempotency, options))
            return endpoint

        return register

    def _route(
        self, method: str, path: str, endpoint: Callable[..., Any], idempotency: Idempotency | None, options: dict[str, Any]
    ) -> Route:
        if not inspect.iscoroutinefunction(endpoint):
            raise TypeError(f"{endpoint.__name__} is not async: it would run on a thread, outside the request's limits")
        given: list[params.Depends] = [*self.dependencies, *options.pop("dependencies", ())]
        # The route's rule overrides the router's: it may be stricter or more open.
        rules = [rule for rule in given if isinstance(rule, Access)]
        return Route(
            self.prefix + path,
            endpoint,
            access=rules[-1] if rules else None,
            assurance=options.pop("assurance", self._assurance),
            others=options.pop("others", None),
            reads=options.pop("reads", None if method in UNSAFE else self._reads),
            idempotency=(self._idempotent and method in UNSAFE) if idempotency is None else idempotency,
            moves_money=self._moves_money and method in UNSAFE,
            methods=[method],
            dependencies=[dependency for dependency in given if not isinstance(dependency, Access)],
            tags=[*self.tags, *options.pop("tags", ())],
            operation_id=options.pop("operation_id", endpoint.__name__),
            **options,
        )

    # FastAPI's methods have thirty parameters each; ours add one and pass on the rest.
    def get(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("DELETE", path, **options)
