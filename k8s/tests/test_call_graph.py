"""The network policies allow exactly the calls in the code; the calls are read from the code, not listed here."""

import re
from importlib import import_module
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest

from chassis.process_settings import ProcessSettings
from elcorp.options.v1 import options_pb2
from gateway.settings import GatewaySettings
from identity.settings import IdentitySettings
from k8s.tests import calls
from k8s.tests.called_peers import peers_of
from k8s.tests.contexts import SETTINGS
from k8s.tests.network import Edge, Pod, edges, pods
from k8s.tests.rendering import K8S, OVERLAYS, POOLER, Document, config_map, container_of, environment, kind, name, ours, render

NAMES = tuple(settings.NAME for settings in SETTINGS)
RUNTIME = ("", "-worker", "-jobs")

# For overlays with external backing services: by TLS, for which only RabbitMQ has a separate port.
BACKING = tuple(
    Pod(backing, "elcorp-data", (("elcorp.na/backing", backing),), ((port, number),))
    for backing, port, number in (("postgres", "postgres", 5432), ("rabbitmq", "amqp", 5671), ("redis", "redis", 6379))
)
STRANGER = Pod("stranger", "default", (("app", "stranger"),), (("https", 443),))
OUTSIDE = Pod("outside", "", ports=(("https", 443), ("smtp", 587), ("dns", 53)), address="198.51.100.7")
CLUSTER_DNS = Pod("kube-dns", "kube-system", (("k8s-app", "kube-dns"),), (("dns", 53),))
NODE_DNS = Pod("node-local-dns", "", ports=(("dns", 53),), address="169.254.20.10")
INGRESS = Pod("ingress", "ingress-nginx", (("app.kubernetes.io/name", "ingress-nginx"),))
PROMETHEUS = Pod("prometheus", "monitoring", (("app.kubernetes.io/name", "prometheus"),))
# Other pods of the namespaces that policies name.
NEIGHBOURS = [
    Pod(f"neighbour-{each}", each, (("app", "neighbour"),)) for each in ("ingress-nginx", "monitoring", "observability")
]


def declared(documents: list[Document]) -> set[Edge]:
    """Read the call graph from the code, with the pooler in PostgreSQL's place where an overlay has it."""
    graph = peers() | routes() | keys() | backing()
    pooled = {name(each) for each in ours(documents) if "ELCORP_DATABASE_POOLED" in dict(environment(each))}
    direct = {(source, target, port) for source, target, port in graph if not (source in pooled and target == "postgres")}
    through = {(source, POOLER, "postgres") for source in pooled}
    return direct | through | ({(POOLER, "postgres", "postgres")} if pooled else set())


def peers() -> set[Edge]:
    return {(f"{own.NAME}{suffix}", peer, "grpc") for own in SETTINGS for peer in own.PEERS for suffix in RUNTIME}


def routes() -> set[Edge]:
    """Return the services that the gateway forwards to: those with a URL in its settings."""
    return {("gateway", each, "http") for each in NAMES if f"{each}_url" in GatewaySettings.model_fields}


def keys() -> set[Edge]:
    """Return the processes that verify tokens with identity's published keys: all with a JWKS URL except identity."""
    verifiers = [each for each in SETTINGS if "jwks_url" in each.model_fields and each is not IdentitySettings]
    return {(each.NAME, "identity", "http") for each in verifiers}


def backing() -> set[Edge]:
    databases = {(f"{each}{suffix}", "postgres", "postgres") for each in NAMES for suffix in (*RUNTIME, "-migrate")}
    brokers = {(f"{each}{suffix}", "rabbitmq", "amqp") for each in NAMES for suffix in ("", "-worker")}
    caches = {(f"{each}{suffix}", "redis", "redis") for each in NAMES if uses_redis(each) for suffix in ("", "-worker")}
    caches |= {(each, "redis", "redis") for each in NAMES if reads_ended_sessions(each)}
    return databases | brokers | caches | {("gateway", "rabbitmq", "amqp"), ("gateway", "redis", "redis")}


def uses_redis(service: str) -> bool:
    return finds(r"^\s*(from|import) redis\b|redis_client", service)


def reads_ended_sessions(service: str) -> bool:
    return finds(r"\bservice_resources\(", service)


def finds(pattern: str, service: str) -> bool:
    sources = (K8S.parent / "services" / service / "src").rglob("*.py")
    return any(re.search(pattern, source.read_text(), re.MULTILINE) for source in sources)


def collector(documents: list[Document]) -> Pod:
    """Return the pods at the address to which traces are exported."""
    url = urlsplit(config_map(documents, "platform")["ELCORP_OTLP_ENDPOINT"])
    namespace, port = str(url.hostname).partition(".")[2], int(url.port or 0)
    return Pod("collector", namespace, (("app.kubernetes.io/name", "opentelemetry-collector"),), (("otlp", port),))


def policies(documents: list[Document]) -> list[Document]:
    return kind(documents, "NetworkPolicy")


def cluster(documents: list[Document]) -> list[Pod]:
    found = pods(documents)
    names = {pod.name for pod in found}
    return [*found, *(pod for pod in BACKING if pod.name not in names)]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_policies_match_the_call_graph(overlay: str) -> None:
    documents = render(overlay)

    assert edges(policies(documents), pods(documents), cluster(documents)) == declared(documents)


def test_each_method_names_existing_callers() -> None:
    unsaid = [each.full_name for each in calls.methods() if not each.GetOptions().HasExtension(options_pb2.access)]
    assert unsaid == []
    for caller, method in calls.named():
        assert caller in NAMES
        assert calls.contexts_of(method) != (caller,)
    # Callers that exist only in `local` are not services.
    assert {caller for caller, _ in calls.named_locally()}.isdisjoint(NAMES)


def test_the_contracts_name_exactly_the_callers() -> None:
    assert calls.named() == calls.called()


def test_a_call_in_the_code_is_found() -> None:
    stub = "stub = identity_pb2_grpc.IdentityServiceStub(channel)"
    assert calls.calls_of(stub) == set()
    assert calls.calls_of(f"{stub}\nawait stub.GetSubject(one)") == {"elcorp.identity.v1.IdentityService.GetSubject"}
    assert calls.calls_of("await stub.GetSubject(one)") == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_contracts_settings_and_policies_name_the_same_callers(overlay: str) -> None:
    documents = render(overlay)
    named = {
        (f"{caller}{suffix}", answering)
        for caller, method in calls.named()
        for answering in calls.contexts_of(method)
        if answering != caller
        for suffix in RUNTIME
    }
    allowed = edges(policies(documents), pods(documents), pods(documents))

    assert named == {(source, target) for source, target, port in allowed if port == "grpc"}
    assert named == {(source, target) for source, target, _ in peers()}


@pytest.mark.parametrize("service", NAMES)
def test_a_jobs_process_checks_the_peers_that_it_calls(service: str) -> None:
    called = peers_of(service, "jobs")

    assert set(import_module(f"{service}.bootstrap").SERVICE.job_peers) == called
    assert bool(called) == (service in {"identity", "payments"})


def test_the_code_names_callers_and_called() -> None:
    assert {peer for settings in SETTINGS for peer in settings.PEERS} <= set(NAMES)
    assert len(routes()) == len(NAMES) == 4
    assert uses_redis("identity")
    assert all(reads_ended_sessions(each) for each in NAMES)


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize(
    "removed", ["payments-peers", "payments-serve", "to-postgres", "to-ended-sessions", "identity-serve", "gateway"]
)
def test_a_missing_policy_is_detected(overlay: str, removed: str) -> None:
    documents = render(overlay)
    kept = [each for each in policies(documents) if name(each) != removed]

    assert len(kept) == len(policies(documents)) - 1
    assert edges(kept, pods(documents), cluster(documents)) != declared(documents)


@pytest.mark.parametrize("overlay", ["staging", "production"])
@pytest.mark.parametrize("removed", [POOLER, "to-pooler"])
def test_a_missing_policy_of_the_pooler_is_detected(overlay: str, removed: str) -> None:
    test_a_missing_policy_is_detected(overlay, removed)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_new_pod_has_no_connections_by_default(overlay: str) -> None:
    documents = render(overlay)
    newcomer = Pod("newcomer", "elcorp", (("app.kubernetes.io/name", "newcomer"),), (("http", 8080),))
    without = [each for each in policies(documents) if name(each) != "default-deny"]

    assert edges(policies(documents), [STRANGER, *pods(documents)], [newcomer]) == set()
    assert ("stranger", "newcomer", "http") in edges(without, [STRANGER], [newcomer])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_other_pods_cannot_connect_and_ours_cannot_connect_to_the_outside(overlay: str) -> None:
    documents = render(overlay)
    own = pods(documents)

    assert edges(policies(documents), [STRANGER, *NEIGHBOURS], own) == set()
    assert edges(policies(documents), own, [STRANGER, OUTSIDE]) == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_can_use_the_cluster_s_dns_and_a_cache_on_its_node(overlay: str) -> None:
    documents = render(overlay)
    rules = [rule for each in policies(documents) if name(each) == "dns" for rule in each["spec"]["egress"]]
    servers = [CLUSTER_DNS, NODE_DNS]

    found = edges(policies(documents), pods(documents), servers)
    assert found == {(pod.name, server.name, "dns") for pod in pods(documents) for server in servers}
    for rule in rules:
        assert [port["protocol"] for port in rule["ports"]] == ["UDP", "TCP"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_one_process_can_send_mail_and_only_to_the_relay(overlay: str) -> None:
    documents = render(overlay)
    environment = config_map(documents, "environment")
    has_relay = bool(environment["smtp-host"])

    if has_relay:
        [address, *_] = ip_network(environment["smtp-network"])
        relay = Pod("relay", "", ports=(("smtp", 587), ("https", 443)), address=str(address))
        assert edges(policies(documents), pods(documents), [relay]) == {("identity-jobs", "relay", "smtp")}
    assert has_relay == (overlay != "local")


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_only_payments_can_reach_the_bucket(overlay: str) -> None:
    documents = render(overlay)
    [address, *_] = ip_network(config_map(documents, "environment")["objects-network"])
    bucket = Pod("bucket", "", ports=(("smtp", 587), ("https", 443)), address=str(address))

    assert edges(policies(documents), pods(documents), [bucket]) == {
        (each, "bucket", "https") for each in ("payments", "payments-jobs")
    }


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_only_the_gateway_can_be_reached_from_outside(overlay: str) -> None:
    documents = render(overlay)

    assert edges(policies(documents), [INGRESS], pods(documents)) == {("ingress", "gateway", "http")}


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_every_process_is_scraped_and_can_export_traces(overlay: str) -> None:
    documents = render(overlay)
    running = [pod for pod in pods(documents) if pod.ports and pod.name != POOLER]
    door = {pod.name: "ops" if "ops" in dict(pod.ports) else "http" for pod in running}

    assert edges(policies(documents), [PROMETHEUS], running) == {("prometheus", pod, port) for pod, port in door.items()}
    assert edges(policies(documents), running, [collector(documents)]) == {(pod.name, "collector", "otlp") for pod in running}
    for workload in (each for each in ours(documents) if each["kind"] == "Deployment"):
        [ops] = [each["containerPort"] for each in container_of(workload)["ports"] if each["name"] == "ops"]
        asked = {"prometheus.io/scrape": "true", "prometheus.io/path": "/metrics", "prometheus.io/port": str(ops)}
        assert asked.items() <= workload["spec"]["template"]["metadata"]["annotations"].items()


def test_every_variable_is_a_setting() -> None:
    """Otherwise a process would silently ignore a renamed setting."""
    every: tuple[type[ProcessSettings], ...] = (*SETTINGS, GatewaySettings)
    known = {f"ELCORP_{field.upper()}" for each in every for field in each.model_fields}

    for overlay in OVERLAYS:
        for document in render(overlay):
            assert {variable for variable in _variables(document) if variable.startswith("ELCORP_")} <= known


def _variables(document: Document) -> set[str]:
    if document["kind"] == "ConfigMap":
        return set(document.get("data", {}))
    pod = document.get("spec", {}).get("template", {}).get("spec", {}) if isinstance(document.get("spec"), dict) else {}
    return {variable["name"] for container in pod.get("containers", []) for variable in container.get("env", [])}
