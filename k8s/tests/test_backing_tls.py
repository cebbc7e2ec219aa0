"""Staging and production connect to PostgreSQL, RabbitMQ and Redis by TLS only, and verify each server's name."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from chassis.process_settings import ProcessSettings
from k8s.tests.rendering import POOLER, Document, config_map, container_of, kind, name, ours, pod_of, render
from k8s.tests.settings import secret_by_key, settings_of
from k8s.tests.variables import variables

REMOTE = ["staging", "production"]
VERIFIED: dict[str, dict[str, list[str]]] = {
    "postgresql": {"sslmode": ["verify-full"], "sslrootcert": ["/run/backing-ca/ca.crt"]},
    "amqps": {"cafile": ["/run/backing-ca/ca.crt"]},
    "rediss": {"ssl_ca_certs": ["/run/backing-ca/ca.crt"], "ssl_cert_reqs": ["required"], "ssl_check_hostname": ["true"]},
}


@pytest.mark.parametrize("overlay", REMOTE)
def test_no_process_connects_without_tls(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)

    for workload in ours(documents):
        given = [variable for variable in variables(workload, documents, secret_by_key()) if is_backing(variable)]
        urls = urls_of(settings_of(workload, documents, monkeypatch))
        assert len(urls) == len(given) > 0
        for url in urls:
            parts = urlsplit(url)
            assert VERIFIED[parts.scheme].items() <= parse_qs(parts.query).items()


@pytest.mark.parametrize("overlay", REMOTE)
@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("database-url", "postgresql://x_app:Zk3vQ@db/x?sslmode=prefer"),
        ("database-owner-url", "postgresql://x_owner:Zk3vQ@db/x?sslmode=require"),
        ("rabbitmq-url", "amqp://x:Zk3vQ@mq/"),
        ("redis-url", "redis://:Zk3vQ@cache/0"),
    ],
)
def test_no_secret_can_weaken_tls(overlay: str, key: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)
    reading = [each for each in ours(documents) if key in keys_of(each)]

    assert reading
    for workload in reading:
        with pytest.raises(ValidationError, match=r"must begin with|must not set sslmode"):
            settings_of(workload, documents, monkeypatch, {key: url})


@pytest.mark.parametrize("overlay", REMOTE)
def test_every_process_has_the_authority_mounted(overlay: str) -> None:
    documents = render(overlay)

    for workload in ours(documents):
        file = PurePosixPath(variables(workload, documents)["ELCORP_BACKING_CA_FILE"])
        [mount] = [each for each in container_of(workload)["volumeMounts"] if each["mountPath"] == str(file.parent)]
        [volume] = [each for each in pod_of(workload)["volumes"] if each["name"] == mount["name"]]
        assert mount["readOnly"]
        assert volume["secret"]["secretName"] == "backing-ca"


@pytest.mark.parametrize("overlay", REMOTE)
def test_the_pooler_accepts_and_opens_connections_by_tls_only(overlay: str) -> None:
    documents = render(overlay)
    config = config_map(documents, POOLER)["pgbouncer.ini"]
    given = dict(line.split(" = ", 1) for line in config.splitlines() if " = " in line and not line.startswith(";"))

    assert (given["client_tls_sslmode"], given["server_tls_sslmode"]) == ("require", "verify-full")
    [pooler] = [each for each in kind(documents, "Deployment") if name(each) == POOLER]
    mounts = {each["mountPath"] for each in container_of(pooler)["volumeMounts"]}
    files = {value for key, value in given.items() if key.endswith("_file")}
    assert files
    assert {str(PurePosixPath(file).parent) for file in files} <= mounts


def test_the_local_overlay_has_no_tls_to_its_servers() -> None:
    documents = render("local")

    for workload in ours(documents):
        assert "ELCORP_BACKING_CA_FILE" not in variables(workload, documents)


def urls_of(settings: ProcessSettings) -> list[str]:
    given: dict[str, Any] = {name: value for name, value in settings if is_backing(f"ELCORP_{name.upper()}")}
    return [url.get_secret_value() for url in given.values() if url.get_secret_value()]


def is_backing(variable: str) -> bool:
    return variable.startswith(("ELCORP_DATABASE_", "ELCORP_RABBITMQ_", "ELCORP_REDIS_")) and variable.endswith("_URL")


def keys_of(workload: Document) -> set[str]:
    sources = [variable.get("valueFrom", {}).get("secretKeyRef", {}) for variable in container_of(workload)["env"]]
    return {source["key"] for source in sources if source}
