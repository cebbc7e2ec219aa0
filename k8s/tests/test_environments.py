"""Each environment has hosts of its own, and its values agree with each other."""

import json
import re
from urllib.parse import urlsplit

import pytest

from chassis.settings import ProcessSettings
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

# Host names of production that another environment may hold, each with its reason.
SHARED = {
    "staging": {"registry.elcorp.na": "an image goes from staging to production as it is"},
    "local": {"elcorp.na": "the administrator's address that a journey takes by default; no mail is sent"},
}
IN_THE_CLUSTER = re.compile(r"[a-z0-9-]+\.(elcorp|elcorp-data|observability)")
FILE = re.compile(r"[a-z-]+\.(crt|ini|key)")
HOST = re.compile(r"(?<![\w.-])(?:[a-z0-9-]+\.)+[a-z][a-z-]+(?![\w.-])|(?:\d{1,3}\.){3}\d{1,3}")


def hosts(documents: list[Document]) -> set[str]:
    """Return the names and addresses of what an environment serves or calls outside its cluster."""
    texts = [value for each in kind(documents, "ConfigMap") for value in each.get("data", {}).values()]
    texts += [json.dumps(each["spec"]) for each in kind(documents, "Ingress")]
    texts += [block for each in kind(documents, "NetworkPolicy") for block in _blocks(each)]
    texts += [container_of(each)["image"].partition("@")[0] for each in workloads(documents)]
    found = {host for text in texts for host in HOST.findall(text)}
    return {host for host in found if not IN_THE_CLUSTER.fullmatch(host) and not FILE.fullmatch(host)}


def environments(overlay: str) -> list[dict[str, str]]:
    """Return what each process of an overlay starts with."""
    documents = render(overlay)
    return [variables(workload, documents) for workload in ours(documents)]


def values(overlay: str, variable: str) -> set[str]:
    return {each[variable] for each in environments(overlay) if variable in each}


@pytest.mark.parametrize("other", ["local", "staging"])
def test_no_environment_names_hosts_of_production(other: str) -> None:
    # The base has such as the pods' network.
    common = hosts(render("production")) & hosts(render(other)) - hosts(render_base())

    assert common == SHARED[other].keys()


def test_the_base_names_no_host_outside_the_cluster() -> None:
    assert {host for host in hosts(render_base()) if host.endswith("elcorp.na")} == set()


def test_environments_give_the_same_values_and_each_is_documented() -> None:
    given = {overlay: _keys(overlay) for overlay in OVERLAYS}
    documented = (K8S.parent / "docs" / "kubernetes.md").read_text()

    assert given["staging"] == given["production"]
    # A laptop has no relay, and no certificates between services.
    assert given["staging"] - given["local"] == {"smtp-network", "internal-authority"}
    assert [key for key in given["staging"] if f"`{key}`" not in documented] == []


def test_hosts_are_found() -> None:
    assert {"api.elcorp.na", "app.elcorp.na", "smtp.elcorp.na", "elcorp.na", "registry.elcorp.na"} <= hosts(render("production"))
    assert {"api.staging.elcorp.na", "staging.elcorp.na"} <= hosts(render("staging"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_knows_the_url_that_clients_see(overlay: str) -> None:
    """Tokens name it as their issuer (RFC 8414), and what a device signs when it refreshes names it (RFC 9449)."""
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
def test_pages_that_use_passkeys_may_call_the_gateway_and_no_others(overlay: str) -> None:
    [origins] = values(overlay, "ELCORP_CORS_ORIGINS")
    [domain] = values(overlay, "ELCORP_PASSKEY_DOMAIN")

    assert {origins} == values(overlay, "ELCORP_PASSKEY_ORIGINS")
    assert json.loads(origins)
    for origin in json.loads(origins):
        host = urlsplit(origin).hostname or ""
        assert host == domain or host.endswith(f".{domain}")


def test_each_environment_s_audit_log_has_a_name_of_its_own() -> None:
    origins = {overlay: values(overlay, "ELCORP_LOG_ORIGIN") for overlay in OVERLAYS}

    assert origins == {"local": {"localhost/audit"}, "staging": {"staging.elcorp.na/audit"}, "production": {"elcorp.na/audit"}}


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_the_collector_is_called_where_the_policy_lets_processes_reach_it(overlay: str) -> None:
    [endpoint] = values(overlay, "ELCORP_OTLP_ENDPOINT")
    [policy] = [each for each in kind(render(overlay), "NetworkPolicy") if each["metadata"]["name"] == "traces"]
    [rule] = policy["spec"]["egress"]
    [peer] = rule["to"]
    url = urlsplit(endpoint)

    assert url.hostname
    assert url.hostname.partition(".")[2] == peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert rule["ports"] == [{"protocol": "TCP", "port": url.port}]
    assert ProcessSettings(environment="local", otlp_endpoint=endpoint).otlp_endpoint == endpoint


def _blocks(policy: Document) -> list[str]:
    rules = policy["spec"].get("egress", [])
    return [peer["ipBlock"]["cidr"] for rule in rules for peer in rule.get("to", []) if "ipBlock" in peer]


def _keys(overlay: str) -> set[str]:
    return set(config_map(render(overlay), "environment"))
