import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from elcorp_local.fronts import Fronts


class Replica:
    """A server that answers each connection with its name, until it is closed."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    def answer(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.sendall(self._name)

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def replicas() -> Iterator[tuple[Replica, Replica]]:
    with closing(Replica("one")) as one, closing(Replica("two")) as two:
        yield one, two


@pytest.fixture
def port(replicas: tuple[Replica, Replica]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    fronts = Fronts.start({port: [replica.port for replica in replicas]})
    yield port
    fronts.stop()


def answer_of(port: int, replica: Replica) -> str:
    """Connect to the front and return the answer, which must come from this replica."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        replica.answer()
        return client.recv(100).decode()


def test_connections_go_to_the_replicas_in_turn(port: int, replicas: tuple[Replica, Replica]) -> None:
    one, two = replicas
    assert [answer_of(port, replica) for replica in (one, two, one, two)] == ["one", "two", "one", "two"]


def test_a_replica_that_does_not_listen_is_passed_over(port: int, replicas: tuple[Replica, Replica]) -> None:
    one, two = replicas
    one.close()
    assert [answer_of(port, two) for _ in range(3)] == ["two"] * 3


def test_without_a_replica_a_connection_is_closed(port: int, replicas: tuple[Replica, Replica]) -> None:
    for replica in replicas:
        replica.close()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        assert client.recv(100) == b""
