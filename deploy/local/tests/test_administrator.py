"""The journey uses the password of the platform that listens at the URL, whatever files exist."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chassis.testing.running import free_port
from elcorp_local import pids
from elcorp_local.administrator import Administrator, PasswordUnknown, Search, UrlInvalid
from elcorp_local.port_numbers import listener

LISTEN = """
import socket, sys, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("ELCORP_ADMIN_EMAIL", "ELCORP_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def port() -> int:
    return free_port()


@contextmanager
def listening(port: int, program: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    program.write_text(LISTEN)
    command = [sys.executable, program.name, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=program.parent, env=environment or {}) as process:  # noqa: S603  # the line above
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def find(tmp_path: Path, port: int, host: str = "localhost") -> Administrator:
    return find_at(tmp_path, f"http://{host}:{port}")


def find_at(tmp_path: Path, url: str) -> Administrator:
    return Search(url, tmp_path / ".local", tmp_path).find()


def write_secrets(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "secrets.env").write_text("ELCORP_ADMIN_EMAIL=run@elcorp.na\nELCORP_ADMIN_PASSWORD=of-make-run\n")


def write_env(tmp_path: Path, port: int) -> None:
    (tmp_path / ".env").write_text(f"ELCORP_PORT={port}\nELCORP_ADMIN_EMAIL=box@elcorp.na\nELCORP_ADMIN_PASSWORD=of-compose\n")


def write_kubectl(tmp_path: Path, *, public_url: str = "https://api.elcorp.na") -> None:
    reference = {"name": "ELCORP_ADMIN_EMAIL", "valueFrom": {"configMapKeyRef": {"name": "environment-x7", "key": "admin-email"}}}
    objects: dict[str, Any] = {
        "secret identity-runtime": {"data": {"admin-password": base64.b64encode(b"of-the-cluster").decode()}},
        "deployment identity": {
            "spec": {"template": {"spec": {"containers": [{"env": [{"name": "ELCORP_MASTER_KEY"}, reference]}]}}}
        },
        "configmap environment-x7": {"data": {"admin-email": "pod@elcorp.na", "public-url": public_url}},
    }
    program = tmp_path / "bin" / "kubectl"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nassert sys.argv[1:3] == ['--namespace', 'elcorp'], sys.argv\n"
        f"print(json.dumps(json.loads({json.dumps(objects)!r})[' '.join(sys.argv[5:7])]))\n"
    )
    program.chmod(0o755)


def test_the_environments_password_comes_first(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    write_secrets(tmp_path)
    write_env(tmp_path, port)
    monkeypatch.setenv("ELCORP_ADMIN_PASSWORD", "given")
    found = find(tmp_path, port)
    assert (found.password, found.email) == ("given", "run@elcorp.na")


def test_this_checkouts_platform_is_recognised_by_its_gateways_port(tmp_path: Path, port: int) -> None:
    write_secrets(tmp_path)
    write_env(tmp_path, port)
    with listening(port, tmp_path / "gateway", {"ELCORP_GATEWAY_PORT": str(port)}) as pid:
        pids.record(tmp_path / ".local" / "run" / "gateway.pid", pid)
        found = find(tmp_path, port)
        assert (found.password, found.email) == ("of-make-run", "run@elcorp.na")
        assert str(tmp_path / ".local" / "secrets.env") in found.source
        write_env(tmp_path, port + 1)
        assert find(tmp_path, port + 1).password == "of-compose"
    write_env(tmp_path, port)
    assert find(tmp_path, port).password == "of-compose"


def test_a_forwarded_port_leads_into_the_cluster(tmp_path: Path, port: int) -> None:
    write_env(tmp_path, port)
    write_kubectl(tmp_path)
    assert find(tmp_path, port).password == "of-compose"
    with listening(port, tmp_path / "kubectl"):
        assert "kubectl" in listener(port)
        found = find(tmp_path, port)
    assert (found.password, found.email) == ("of-the-cluster", "pod@elcorp.na")
    assert "identity-runtime" in found.source


def test_another_host_is_the_clusters_if_it_is_the_clusters_public_url(tmp_path: Path) -> None:
    write_env(tmp_path, 8000)
    write_kubectl(tmp_path, public_url="http://api.elcorp.na:8000")
    assert find(tmp_path, 8000, "api.elcorp.na").password == "of-the-cluster"
    with pytest.raises(PasswordUnknown, match=r"http://staging\.elcorp\.na:8000"):
        find(tmp_path, 8000, "staging.elcorp.na")


@pytest.mark.parametrize("public_url", ["https://api.elcorp.na", "http://localhost:{port}"])
def test_a_loopback_port_that_kubectl_does_not_forward_gets_no_password_of_the_cluster(
    tmp_path: Path, port: int, public_url: str
) -> None:
    write_kubectl(tmp_path, public_url=public_url.format(port=port))
    with pytest.raises(PasswordUnknown):
        find(tmp_path, port)
    with listening(port, tmp_path / "ssh"), pytest.raises(PasswordUnknown):
        find(tmp_path, port)


def test_the_clusters_password_is_not_sent_over_http_if_its_url_has_https(tmp_path: Path) -> None:
    write_kubectl(tmp_path, public_url="https://api.elcorp.na")
    for url in ("http://api.elcorp.na", "http://api.elcorp.na:443"):
        with pytest.raises(PasswordUnknown):
            find_at(tmp_path, url)
    assert find_at(tmp_path, "https://api.elcorp.na:443").password == "of-the-cluster"


def test_a_cluster_without_a_public_url_gives_no_password(tmp_path: Path) -> None:
    write_kubectl(tmp_path, public_url="")
    with pytest.raises(PasswordUnknown):
        find(tmp_path, 8000, "api.elcorp.na")


def test_another_checkouts_gateway_gets_no_password_of_compose(tmp_path: Path, port: int) -> None:
    write_env(tmp_path, port)
    with listening(port, tmp_path / "gateway"), pytest.raises(PasswordUnknown):
        find(tmp_path, port)
    with listening(port, tmp_path / "docker-proxy"):
        assert find(tmp_path, port).password == "of-compose"


@pytest.mark.parametrize("url", ["http://localhost:99999", "http://localhost:http", "localhost:8000", "http://[::1", ""])
def test_an_invalid_gateway_url_is_named(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_ADMIN_PASSWORD", "given")
    with pytest.raises(UrlInvalid, match="not the URL of a gateway"):
        find_at(tmp_path, url)


def test_a_secrets_file_alone_gives_no_password(tmp_path: Path, port: int) -> None:
    write_secrets(tmp_path)
    with pytest.raises(PasswordUnknown, match="ELCORP_ADMIN_PASSWORD"):
        find(tmp_path, port)
