"""Which service answers for which first path segment: all that the gateway knows of the domains."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

API_PREFIX: Final = "/api/v1"
SERVICES: Final = ("identity", "payments", "governance", "compliance")
TIMEOUT_SECONDS: Final = 10.0
# A file of ten thousand payments.
FILE_BYTES_MAX: Final = 8 * 1_048_576


class SegmentClaimedTwice(ValueError):
    """Two routes claim one path segment."""


@dataclass(frozen=True, slots=True)
class Route:
    """`/api/v1/<segment>` and all below it.

    `public`: some of it answers callers without a token, so the service decides; elsewhere the gateway refuses them.
    `strict`: its unsafe methods move money, so they are refused while ended sessions cannot be known.
    `timeout_seconds`: how long the service may stay silent.
    `body_bytes_max`: where some of it takes larger bodies than the rest of the API; the service bounds the others.
    """

    segment: str
    service: str
    public: bool = False
    strict: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    body_bytes_max: int = 0


class RouteTable:
    """Finds the route of a path; raises SegmentClaimedTwice when made of routes that contradict each other."""

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
        Route("dev", "identity", public=True),
        Route("wallets", "payments"),
        Route("transfers", "payments", strict=True, body_bytes_max=FILE_BYTES_MAX),
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
        Route("policies", "governance"),
        Route("approvals", "governance"),
        Route("audit", "compliance", public=True),
        Route("screening", "compliance"),
        Route("reports", "compliance"),
        Route("incidents", "compliance"),
    )
)
