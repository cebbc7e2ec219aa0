"""The service of each first path segment: all that the gateway knows about the domains."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from chassis.http import API_BASE

API_PREFIX: Final = API_BASE
SERVICES: Final = ("identity", "payments", "governance", "compliance")
TIMEOUT_SECONDS: Final = 10.0
# A file of eight mebibytes over a line of 16 KiB/s.
FILE_SECONDS_MAX: Final = 600.0
# Enough for a file of ten thousand payments.
FILE_BYTES_MAX: Final = 8 * 1_048_576


class SegmentClaimedTwice(ValueError):
    """Two routes claim one path segment."""


@dataclass(frozen=True, slots=True)
class Route:
    """`/api/v1/<segment>` and all below it.

    `public`: some operations need no token, so the service decides; on other routes the gateway refuses callers without one.
    `strict`: unsafe methods move money, so they are refused while it is unknown which sessions have ended.
    `timeout_seconds`: how long the service may send nothing.
    `body_bytes_max`: the limit where some operation takes larger bodies; the service limits its other operations.
    `body_seconds_max`: how long such a body may take, as long as it keeps arriving.
    """

    segment: str
    service: str
    public: bool = False
    strict: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    body_bytes_max: int = 0
    body_seconds_max: float = 0


class RouteTable:
    """Finds the route of a path segment; raises SegmentClaimedTwice if two routes have the same segment."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[str, Route] = {}
        for route in routes:
            if route.segment in self._routes:
                raise SegmentClaimedTwice(f"/{route.segment}: {self._routes[route.segment].service} and {route.service}")
            self._routes[route.segment] = route

    def find(self, segment: str) -> Route | None:
        return self._routes.get(segment)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())


ROUTES: Final = RouteTable(
    (
        Route("auth", "identity", public=True),
        Route("users", "identity"),
        Route("sessions", "identity"),
        Route("devices", "identity"),
        Route("device-keys", "identity"),
        Route("erasures", "identity", public=True),
        Route("wallet-addresses", "identity"),
        Route("notices", "identity"),
        Route("dev", "identity", public=True),
        Route("wallets", "payments"),
        Route("transfers", "payments", strict=True, body_bytes_max=FILE_BYTES_MAX, body_seconds_max=FILE_SECONDS_MAX),
        Route("issuances", "payments", strict=True),
        Route("fees", "payments"),
        Route("rates", "payments"),
        Route("limits", "payments"),
        Route("accounts", "payments"),
        Route("payments", "payments", strict=True),
        Route("vehicles", "payments"),
        Route("invoices", "payments"),
        Route("ledger", "payments", strict=True),
        Route("roles", "governance"),
        Route("permissions", "governance"),
        Route("role-assignments", "governance"),
        Route("access", "governance", public=True),
        Route("organizations", "governance"),
        Route("teams", "governance"),
        Route("invitations", "governance"),
        Route("policies", "governance"),
        Route("approvals", "governance"),
        Route("audit", "compliance", public=True),
        Route("screening", "compliance"),
        Route("reports", "compliance"),
        Route("incidents", "compliance"),
    )
)
