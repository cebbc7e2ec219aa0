"""A separate RabbitMQ virtual host for each test session, created and removed with the management API."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from uuid import uuid4

TIMEOUT_SECONDS = 10


class Management:
    """A client of RabbitMQ's management API; `url` includes the credentials."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.user = unquote(self._parts.username or "guest")
        credentials = f"{self.user}:{unquote(self._parts.password or 'guest')}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object | None = None) -> Any:
        """Send one request; return the decoded JSON response, None if it is empty. Raises OSError for an error status."""
        kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        connection = kind(self._parts.hostname or "127.0.0.1", self._parts.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, f"/api/{path}", body=json.dumps(body) if body is not None else None, headers=self._headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status >= 400:  # noqa: PLR2004  # HTTP's own border between success and error
            raise OSError(f"{method} {path}: {response.status} {answer.decode(errors='replace')[:200]}")
        return json.loads(answer) if answer else None


@contextmanager
def virtual_host(rabbitmq_url: str, management_url: str) -> Iterator[str]:
    """Create a virtual host for the duration of the block; yields its AMQP URL."""
    management = Management(management_url)
    name = f"test-{uuid4().hex[:12]}"
    user = unquote(urlsplit(rabbitmq_url).username or management.user)
    management.call("PUT", f"vhosts/{name}")
    try:
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        management.call("PUT", f"permissions/{name}/{quote(user, safe='')}", everything)
        yield urlunsplit(urlsplit(rabbitmq_url)._replace(path=f"/{name}"))
    finally:
        management.call("DELETE", f"vhosts/{name}")
