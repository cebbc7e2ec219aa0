"""Each environment has its own hosts, and its values agree with each other."""

import json
import re
from ipaddress import IPv4Network, ip_network
from urllib.parse import urlsplit

import pytest

from chassis.process_settings import ProcessSettings
from chassis.run.load_settings import unknown_variables
from chassis.settings import ServiceSettings
from deploy.ci import release
from k8s.tests.rendering import (
    K8S,
    OVERLAYS,
    Document,
    config_map,
    container_of,
    kind,
    ours,
    render,
    render_base,
    workloads,
)
from k8s.tests.variables import variables

# Host names of production that another environment may have, each with its reason.
SHARED = {
    "staging": {release.REGISTRY.partition("/")[0]: "an image goes from staging to production as it is"},
    "local": {"elcorp.na": "the administrator's address that a journey takes by default; no mail is sent"},
}
# Earlier releases gave every environment's audit log this name, and an existing log keeps its name (docs/kubernetes.md).
FORMER_LOG_ORIGIN = "elcorp.na/audit"
# The ranges of pod networks: RFC 1918, and RFC 6598, which some clusters use.
PRIVATE = [IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
RELAY_ADDRESSES_MAX = 256
IN_THE_CLUSTER = re.compile(r"[a-z0-9-]+\.(elcorp|elcorp-data|observability)")
FILE = re.compile(r"[a-z-]+\.(crt|ini|key)")
HOST = re.compile(r"(?<![\w.-])(?:[a-z0-9-]+\.)+[a-z][a-z-]+(?![\w.-])|(?:\d{1,3}\.){3}\d{1,3}")


def hosts(documents: list[Document]) -> set[str]:
    """Return the host names and addresses that an environment serves, or calls outside its cluster."""
    given = [item for each in kind(documents, "ConfigMap") for item in each.get("data", {}).items()]
    texts = [value for key, value in given if (key, value) != ("log-origin", FORMER_LOG_ORIGIN)]
    texts += [json.dumps(each["spec"]) for each in kind(documents, "Ingress")]
    texts += [block for each in kind(documents, "NetworkPolicy") for block in _blocks(each)]
    texts += [container_of(each)["image"].partition("@")[0] for each in workloads(documents)]
    found = {host for text in texts for host in HOST.findall(text)}
    return {host for host in found if not IN_THE_CLUSTER.fullmatch(host) and not FILE.fullmatch(host)}


def environments(overlay: str) -> list[dict[str, str]]:
    """Return the environment of each process of an overlay."""
    documents = render(overlay)
    return [variables(workload, documents) for workload in ours(documents)]


def values(overlay: str, variable: str) -> set[str]:
    return {each[variable] for each in environments(overlay) if variable in each}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_knows_its_variables(overlay: str) -> None:
    assert [problem for each in environments(overlay) for problem in unknown_variables(each, ServiceSettings)] == []


@pytest.mark.parametrize("other", ["local", "staging"])
def test_no_other_environment_names_hosts_of_production(other: str) -> None:
    # The base has addresses such as the pods' network.
    common = hosts(render("production")) & hosts(render(other)) - hosts(render_base())

    assert common <= SHARED[other].keys()


def test_the_base_names_no_host_outside_the_cluster() -> None:
    assert {host for host in hosts(render_base()) if host.endswith("elcorp.na")} == set()


def test_environments_set_the_same_values_and_each_is_documented() -> None:
    given = {overlay: _keys(overlay) for overlay in OVERLAYS}
    documented = (K8S.parent / "docs" / "kubernetes.md").read_text()

    assert given["staging"] == given["production"]
    # The local overlay has no relay, no bucket, and no certificates between services.
    bucket = {"objects-url", "objects-endpoint", "objects-region", "objects-network"}
    assert given["staging"] - given["local"] == {"smtp-network", "internal-authority", *bucket}
    assert [key for key in given["staging"] if f"`{key}`" not in documented] == []


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_hosts_are_found(overlay: str) -> None:
    documents = render(overlay)
    given = config_map(documents, "environment")
    urls = [given["public-url"], given["reset-page"], *json.loads(given["web-origins"])]
    expected = {*(urlsplit(url).hostname for url in urls), given["passkey-domain"], given["smtp-host"]}
    expected.add(urlsplit(given["objects-endpoint"]).hostname)

    assert expected | {release.REGISTRY.partition("/")[0]} <= hosts(documents)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_knows_the_public_url(overlay: str) -> None:
    """Tokens have it as their issuer (RFC 8414), and refresh proofs of devices contain it (RFC 9449)."""
    ingresses = kind(render(overlay), "Ingress")
    served = [rule["host"] for ingress in ingresses for rule in ingress["spec"]["rules"]]
    certified = [host for ingress in ingresses for tls in ingress["spec"]["tls"] for host in tls["hosts"]]
    public_url = f"https://{served[0]}" if served else "http://localhost:8000"

    assert certified == served
    assert {each["ELCORP_PUBLIC_URL"] for each in environments(overlay)} == {public_url}
    # The gateway's own pages.
    assert values(overlay, "ELCORP_RESET_PAGE") == {f"{public_url}/reset-password"}
    assert values(overlay, "ELCORP_UNDO_PAGE") == {f"{public_url}/undo-email-change"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_pages_that_use_passkeys_may_call_the_gateway(overlay: str) -> None:
    [origins] = values(overlay, "ELCORP_CORS_ORIGINS")
    [domain] = values(overlay, "ELCORP_PASSKEY_DOMAIN")

    assert {origins} == values(overlay, "ELCORP_PASSKEY_ORIGINS")
    assert json.loads(origins)
    for origin in json.loads(origins):
        host = urlsplit(origin).hostname or ""
        assert host == domain or host.endswith(f".{domain}")


def test_each_environment_s_audit_log_has_its_own_name() -> None:
    [production] = values("production", "ELCORP_LOG_ORIGIN")
    others = [origin for overlay in ("local", "staging") for origin in values(overlay, "ELCORP_LOG_ORIGIN")]
    later = [origin for origin in others if origin != FORMER_LOG_ORIGIN]

    assert len(others) == 2
    assert len({production, *later}) == 1 + len(later)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_pods_network_is_trusted_to_name_the_client(overlay: str) -> None:
    trusted = trusted_networks(overlay)

    assert trusted
    assert [each for each in trusted if not any(each.subnet_of(private) for private in PRIVATE)] == []


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_the_relay_is_a_few_addresses_outside_the_pods_network(overlay: str) -> None:
    relay = ip_network(config_map(render(overlay), "environment")["smtp-network"])

    assert relay.num_addresses <= RELAY_ADDRESSES_MAX
    assert [each for each in trusted_networks(overlay) if relay.version == 4 and relay.overlaps(each)] == []


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_logs_have_no_debug_details(overlay: str) -> None:
    assert values(overlay, "ELCORP_LOG_LEVEL") == {"info"}


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_traces_are_sent_to_the_address_that_the_policy_allows(overlay: str) -> None:
    [endpoint] = values(overlay, "ELCORP_OTLP_ENDPOINT")
    [policy] = [each for each in kind(render(overlay), "NetworkPolicy") if each["metadata"]["name"] == "traces"]
    [rule] = policy["spec"]["egress"]
    [peer] = rule["to"]
    url = urlsplit(endpoint)

    assert url.hostname
    assert url.hostname.partition(".")[2] == peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert rule["ports"] == [{"protocol": "TCP", "port": url.port}]
    assert ProcessSettings(environment="local", otlp_endpoint=endpoint).otlp_endpoint == endpoint


def trusted_networks(overlay: str) -> list[IPv4Network]:
    [given] = values(overlay, "ELCORP_TRUSTED_PROXIES")
    return [IPv4Network(each) for each in json.loads(given)]


def _blocks(policy: Document) -> list[str]:
    rules = policy["spec"].get("egress", [])
    return [peer["ipBlock"]["cidr"] for rule in rules for peer in rule.get("to", []) if "ipBlock" in peer]


def _keys(overlay: str) -> set[str]:
    return set(config_map(render(overlay), "environment"))
