"""The maximum number of pods of every overlay use fewer connections than PostgreSQL accepts."""

from configparser import ConfigParser

import pytest

from chassis.persistence.connection_budget import Role, connections_max
from chassis.persistence.connections import ANSWER_SECONDS, STATEMENT_SECONDS, TRANSPORT
from chassis.persistence.database import POOLED_SECONDS_MAX, SESSION
from chassis.settings import ServiceSettings
from k8s.tests.rendering import (
    K8S,
    OVERLAYS,
    POOLER,
    SERVICES,
    Document,
    component_of,
    config_map,
    container_of,
    kind,
    name,
    ours,
    pod_of,
    render,
)
from k8s.tests.settings import settings_of

# superuser_reserved_connections (a superuser's psql uses one), and ten for backups, exporters and people.
RESERVED = 3 + 10
ROLES: dict[str, Role] = {"serve": "serve", "worker": "work", "jobs": "jobs", "migrate": "migrate"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_postgresql_accepts_the_maximum_connections_of_all_pods(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)
    held = {name(each): pods_max(each, documents) * each_holds(each, documents, monkeypatch) for each in holders(documents)}

    assert sum(held.values()) + RESERVED <= postgres_takes(documents), held
    # A limit far above the sum would mean that the sum is wrong.
    assert sum(held.values()) + RESERVED > postgres_takes(documents) - 25


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_but_the_gateway_is_counted(overlay: str) -> None:
    counted = {name(each) for each in holders(render(overlay))}
    assert counted >= {name(each) for each in ours(render(overlay)) if name(each) != "gateway"} - pooled(render(overlay))
    assert (POOLER in counted) == (overlay != "local")


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_only_processes_that_answer_requests_are_pooled(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = render(overlay)
    assert pooled(documents) == set(SERVICES)
    for workload in ours(documents):
        if component_of(workload) in ROLES and name(workload) != "gateway":
            settings = settings_of(workload, documents, monkeypatch)
            assert isinstance(settings, ServiceSettings)
            assert settings.database_pooled == (component_of(workload) == "serve")
            assert ("@pooler:6432/" in settings.database_url.get_secret_value()) == settings.database_pooled


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_the_pooler_accepts_every_process(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if all of them connect to the same pooler pod."""
    documents = render(overlay)
    pooler = pooler_of(documents)
    database_max = pooler.getint("pgbouncer", "max_db_client_connections")
    for each in ours(documents):
        if name(each) in pooled(documents):
            clients = pods_max(each, documents) * connections_max("serve", service_settings(each, documents, monkeypatch))
            assert clients <= database_max, name(each)
    # No service can use the connections of the others.
    assert database_max * len(SERVICES) < pooler.getint("pgbouncer", "max_client_conn")
    assert set(pooler["databases"]) == set(SERVICES)


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_the_pooler_ends_after_its_clients_have_left(overlay: str) -> None:
    [pooler] = [each for each in kind(render(overlay), "Deployment") if name(each) == POOLER]
    pause = container_of(pooler)["lifecycle"]["preStop"]["sleep"]["seconds"]
    statement_seconds = int(SESSION["statement_timeout"].removesuffix("s"))
    assert pod_of(pooler)["terminationGracePeriodSeconds"] >= pause + POOLED_SECONDS_MAX + statement_seconds


def test_the_pooler_gives_up_a_server_when_its_clients_do() -> None:
    pooler = pooler_of(render("production"))["pgbouncer"]
    assert float(pooler["query_timeout"]) == ANSWER_SECONDS > STATEMENT_SECONDS
    limits = [int(pooler[name]) for name in ("tcp_keepidle", "tcp_keepintvl", "tcp_keepcnt", "tcp_user_timeout")]
    names = ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
    assert limits == [TRANSPORT[name] for name in names]


def holders(documents: list[Document]) -> list[Document]:
    """Return the workloads that connect to PostgreSQL."""
    direct = [
        each for each in ours(documents) if component_of(each) in ROLES and name(each) not in {"gateway", *pooled(documents)}
    ]
    return direct + [each for each in kind(documents, "Deployment") if name(each) == POOLER]


def pooled(documents: list[Document]) -> set[str]:
    return {
        name(each)
        for each in ours(documents)
        if {"name": "ELCORP_DATABASE_POOLED", "value": "true"} in container_of(each).get("env", [])
    }


def each_holds(workload: Document, documents: list[Document], monkeypatch: pytest.MonkeyPatch) -> int:
    if name(workload) == POOLER:
        pooler = pooler_of(documents)
        return sum(int(line.rpartition("max_db_connections=")[2].split()[0]) for line in pooler["databases"].values())
    return connections_max(ROLES[component_of(workload)], service_settings(workload, documents, monkeypatch))


def pods_max(workload: Document, documents: list[Document]) -> int:
    """Return the number of its pods during a release at its autoscaler's maximum."""
    if workload["kind"] == "Job":
        return 1
    scaled = [
        each["spec"]["maxReplicas"]
        for each in kind(documents, "HorizontalPodAutoscaler")
        if each["spec"]["scaleTargetRef"]["name"] == name(workload)
    ]
    [replicas] = scaled or [workload["spec"]["replicas"]]
    return int(replicas) + int(workload["spec"]["strategy"]["rollingUpdate"]["maxSurge"])


def postgres_takes(documents: list[Document]) -> int:
    """Return max_connections of the overlay's own server, or the value that it requires of the environment."""
    for workload in kind(documents, "StatefulSet"):
        if name(workload) == "postgres":
            [given] = [each for each in container_of(workload)["args"] if each.startswith("max_connections=")]
            return int(given.partition("=")[2])
    [pooler] = [each for each in kind(documents, "Deployment") if name(each) == POOLER]
    return int(pooler["metadata"]["annotations"]["elcorp.na/postgres-max-connections"])


def pooler_of(documents: list[Document]) -> ConfigParser:
    parser = ConfigParser(comment_prefixes=(";",))
    parser.read_string(config_map(documents, POOLER)["pgbouncer.ini"])
    return parser


def service_settings(workload: Document, documents: list[Document], monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    settings = settings_of(workload, documents, monkeypatch)
    assert isinstance(settings, ServiceSettings)
    return settings


def test_the_roles_in_the_database_have_the_limits_of_direct_connections() -> None:
    rights = (K8S / "components" / "backing" / "databases" / "rights.sql").read_text()
    for parameter, value in SESSION.items():
        assert f"('{parameter}', '{value}')" in rights
