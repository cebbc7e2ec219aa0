import os
import socket
from pathlib import Path

import pytest

from elcorp_local.port_numbers import REPLICAS_MAX, PortInvalid, Ports, PortTaken, require_free


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("ELCORP_LOCAL_"):
            monkeypatch.delenv(name)


def test_every_port_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_LOCAL_GATEWAY_PORT", "8080")
    monkeypatch.setenv("ELCORP_LOCAL_REST_PORT", "7101")
    ports = Ports.from_environment()
    assert (ports.gateway, ports.of("rest", "payments"), ports.redis) == (8080, 7102, Ports().redis)


@pytest.mark.parametrize("wrong", ["0", "-1", "65536", "http", "80 80", "٨٠٨٠", "1e3"])
def test_an_invalid_port_is_refused_with_its_setting(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("ELCORP_LOCAL_GATEWAY_PORT", wrong)
    with pytest.raises(PortInvalid, match="ELCORP_LOCAL_GATEWAY_PORT"):
        Ports.from_environment()


def test_four_services_must_fit_behind_the_first_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_LOCAL_REST_PORT", "65533")
    with pytest.raises(PortInvalid, match="ELCORP_LOCAL_REST_PORT"):
        Ports.from_environment()


def test_the_ports_of_all_replicas_must_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_LOCAL_REST_PORT", "65520")
    assert Ports.from_environment().rest == 65520
    with pytest.raises(PortInvalid, match="ELCORP_LOCAL_REST_PORT"):
        Ports.from_environment(replicas=2)


@pytest.mark.parametrize("replicas", range(1, REPLICAS_MAX + 1))
def test_no_two_defaults_collide(replicas: int) -> None:
    given = Ports(replicas=replicas)
    ports = [port for _, port in (*given.platform(), *given.backing())]
    assert len(set(ports)) == len(ports)


def test_one_replica_has_the_clients_ports_and_several_stand_behind_them() -> None:
    assert (Ports().fronts(), list(Ports().numbers), Ports().of("rest", "payments")) == ({}, [0], 8102)
    two = Ports(replicas=2)
    assert two.fronts() == {8000: [8010, 8020], **{8101 + n: [8111 + n, 8121 + n] for n in range(4)}}
    assert [two.of("grpc", "identity", number) for number in two.numbers] == [9111, 9121]


@pytest.mark.parametrize("replicas", [1, 2])
def test_free_ports_are_free_and_distinct(replicas: int) -> None:
    found = Ports.free(replicas=replicas)
    ports = [*found.platform(), *found.backing()]
    for name, port in ports:
        require_free(name, port)
    assert len({port for _, port in ports}) == len(ports)


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, ""), (socket.AF_INET6, "::")],  # "": all interfaces
)
def test_the_error_names_a_port_in_use_with_its_setting_and_owner(family: socket.AddressFamily, address: str) -> None:
    if not Path("/proc/net/tcp6").exists():
        family, address = socket.AF_INET, "127.0.0.1"
    with socket.socket(family) as other:
        if family is socket.AF_INET6:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        other.bind((address, 0))
        other.listen()
        port = other.getsockname()[1]
        who = rf"port {port} \(redis\) is taken by process {os.getpid()} .*ELCORP_LOCAL_REDIS_PORT"
        with pytest.raises(PortTaken, match=who):
            require_free("redis", port)
