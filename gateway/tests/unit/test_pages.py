from typing import Any

import orjson
import pytest

from chassis.health import Readiness
from gateway.description import Description
from gateway.exchange import Exchange
from gateway.pages import Pages
from gateway.routes import ROUTES
from gateway.upstream import Upstreams


class Client:
    """Asks for one page and keeps what is answered."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._sent: list[dict[str, Any]] = []

    async def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            self._sent.append(message)

        self._sent = []
        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        assert await self._pages.answer_probe(Exchange(scope, receive, send))
        start, body = self._sent
        return start["status"], orjson.loads(body["body"])


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report is kept for longer than a test takes on any machine."""
    monkeypatch.setattr("gateway.pages.REPORT_SECONDS", 3600)


def client_of(readiness: Readiness) -> Client:
    # No page that is asked for here reads a description.
    nowhere = Upstreams(None, {})  # type: ignore[arg-type]
    return Client(Pages(readiness, Description(nowhere, ROUTES), operations=True))


async def test_a_gateway_that_stops_says_so_at_once_though_reports_are_kept_for_a_moment() -> None:
    readiness = Readiness()
    client = client_of(readiness)
    assert await client.ask("/readyz") == (200, {"ready": True, "draining": False, "checks": {}})
    readiness.draining = True
    assert await client.ask("/readyz") == (503, {"ready": False, "draining": True, "checks": {}})


async def test_asking_again_at_once_asks_nobody_else() -> None:
    readiness, asked = Readiness(), []

    async def check() -> None:
        asked.append(1)

    readiness.add("redis", check)
    client = client_of(readiness)
    answers = [await client.ask("/readyz") for _ in range(3)]
    assert answers == [(200, {"ready": True, "draining": False, "checks": {"redis": None}})] * 3
    assert len(asked) == 1
