"""Every overlay renders, is valid, and fits together."""

import json
from functools import cache, reduce
from operator import getitem

import kubernetes_validate
import pytest
from pydantic import ValidationError

from k8s.tests import foreign
from k8s.tests.rendering import (
    OVERLAYS,
    SERVICES,
    Document,
    component_of,
    config_map,
    container_of,
    environment,
    kind,
    name,
    ours,
    pod_of,
    process_name,
    render,
    render_component,
    workloads,
)

CLUSTER_KINDS = {"Namespace", "PriorityClass"}
VERSION = kubernetes_validate.latest_version()


def validate(documents: list[Document]) -> None:
    for document in documents:
        validate_once(json.dumps(document))


@cache
def validate_once(document: str) -> None:
    """Most documents of the base are unchanged in every overlay, and validating each takes 40 ms, because all definitions are
    read again.
    """
    parsed = json.loads(document)
    if model := foreign.MODELS.get(parsed["kind"]):
        model.model_validate(parsed)
    else:
        kubernetes_validate.validate(parsed, VERSION, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_document_is_strictly_valid(overlay: str) -> None:
    documents = render(overlay)

    assert len(documents) > 60
    validate(documents)


COMPONENTS = ["autoscaling", "backing", "edge", "external-secrets", "mail", "mtls", "observability", "pooler"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_renders_by_itself(component: str) -> None:
    validate(render_component(component))


def test_validation_refuses_errors() -> None:
    [first, *_] = ours(render("local"))
    first["spec"]["replica"] = 1

    with pytest.raises(kubernetes_validate.ValidationError):
        validate([first])


@pytest.mark.parametrize("path", ["spec", "spec.target", "spec.secretStoreRef", "metadata"])
def test_validation_of_operators_kinds_refuses_errors(path: str) -> None:
    [first, *_] = kind(render("staging"), "ExternalSecret")
    part = reduce(getitem, path.split("."), first)
    part["refreshIntervall"] = "1h"

    with pytest.raises(ValidationError, match="refreshIntervall"):
        validate([first])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_document_is_unique_and_in_our_namespaces(overlay: str) -> None:
    documents = render(overlay)
    identities = [(each["kind"], each["metadata"].get("namespace"), name(each)) for each in documents]

    assert len(identities) == len(set(identities))
    assert {namespace for kind_, namespace, _ in identities if kind_ not in CLUSTER_KINDS} <= {"elcorp", "elcorp-data"}
    # The cluster has those of other tenants too.
    assert all(name_.startswith("elcorp") for kind_, _, name_ in identities if kind_ in CLUSTER_KINDS)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_runs_all_its_processes(overlay: str) -> None:
    processes = {(process_name(each), tuple(container_of(each)["command"])) for each in ours(render(overlay))}

    assert processes == {("gateway", ("python", "-m", "gateway", "serve"))} | {
        (f"{service}{suffix}", ("python", "-m", service, role))
        for service in SERVICES
        for suffix, role in (("", "serve"), ("-worker", "work"), ("-jobs", "jobs"), ("-migrate", "migrate"))
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_find_their_pods_and_ports(overlay: str) -> None:
    documents = render(overlay)
    pods = [each["spec"]["template"] | {"namespace": each["metadata"]["namespace"]} for each in workloads(documents)]

    def selected(selector: dict[str, str], namespace: str) -> list[Document]:
        found = [pod for pod in pods if pod["namespace"] == namespace]
        return [pod for pod in found if selector.items() <= pod["metadata"]["labels"].items()]

    for service in kind(documents, "Service"):
        [pod] = selected(service["spec"]["selector"], service["metadata"]["namespace"])
        names = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names
    for budget in kind(documents, "PodDisruptionBudget"):
        assert len(selected(budget["spec"]["selector"]["matchLabels"], "elcorp")) == 1
    for workload in kind(documents, "Deployment"):
        assert len(selected(workload["spec"]["selector"]["matchLabels"], "elcorp")) == 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_grpc_clients_see_pods_and_rest_clients_an_address(overlay: str) -> None:
    services = {name(each): each["spec"].get("clusterIP") for each in kind(render(overlay), "Service")}

    assert {name_ for name_, address in services.items() if address == "None"} == {f"{each}-grpc" for each in SERVICES}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_is_in_the_files_and_every_reference_is_known(overlay: str) -> None:
    documents = render(overlay)
    config_maps = {name(each) for each in kind(documents, "ConfigMap")}
    # A script creates those of the local overlay (test_local_secrets.py).
    brought = render_component("external-secrets") if overlay == "local" else documents
    external = {name(each) for each in kind(brought, "ExternalSecret")}
    secrets: set[str] = set()

    assert kind(documents, "Secret") == []
    for workload in ours(documents):
        for _, variable in environment(workload):
            source = variable.get("valueFrom", {})
            if "secretKeyRef" in source:
                secrets.add(source["secretKeyRef"]["name"])
            if "configMapKeyRef" in source:
                assert source["configMapKeyRef"]["name"] in config_maps
        for source in container_of(workload)["envFrom"]:
            assert source["configMapRef"]["name"] in config_maps
    for workload in kind(documents, "Deployment", "Job"):
        mounted = [volume["secret"] for volume in pod_of(workload)["volumes"] if "secret" in volume]
        # cert-manager creates those of certificates.
        secrets |= {
            each["secretName"] for each in mounted if not (each["secretName"].endswith("-tls") or each.get("optional", False))
        }
    assert secrets == external - ({"backing-ca", "pooler-runtime"} if overlay == "local" else set())


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_each_secret_has_its_own_entry_in_the_vault(overlay: str) -> None:
    found = kind(render(overlay), "ExternalSecret")

    assert found
    for each in found:
        assert each["spec"]["target"]["name"] == name(each)
        assert each["spec"]["dataFrom"] == [{"extract": {"key": f"elcorp/{name(each)}"}}]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_migrations_have_the_owner_role(overlay: str) -> None:
    for workload in ours(render(overlay)):
        read = {variable["valueFrom"]["secretKeyRef"]["name"] for _, variable in environment(workload) if _is_secret(variable)}
        owner = {each for each in read if each.endswith("-owner")}
        assert bool(owner) == (component_of(workload) == "migrate")
        if owner:
            assert read == owner


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_that_accepts_tokens_reads_the_ended_sessions(overlay: str) -> None:
    taking = {name(each) for each in ours(render(overlay)) if component_of(each) == "serve"}
    reading = {name(each) for each in ours(render(overlay)) if "ELCORP_REDIS_URL" in dict(environment(each))}

    assert taking == {"gateway", *SERVICES}
    assert reading == taking | {"identity-worker"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_processes_that_encrypt_or_sign_have_master_keys(overlay: str) -> None:
    holders = {name(each) for each in ours(render(overlay)) if "ELCORP_MASTER_KEY" in dict(environment(each))}

    assert holders == {"identity", "identity-jobs", "compliance", "compliance-worker"}


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_scaled_deployments_set_no_number_of_replicas(overlay: str) -> None:
    documents = render(overlay)
    scaled = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in kind(documents, "HorizontalPodAutoscaler")}

    assert set(scaled) == {"gateway", *SERVICES}
    assert all(2 <= spec["minReplicas"] <= spec["maxReplicas"] for spec in scaled.values())
    for deployment in kind(documents, "Deployment"):
        assert ("replicas" in deployment["spec"]) == (name(deployment) not in scaled)
        assert deployment["spec"].get("replicas", 2) >= 2


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_environments_are_named_and_images_are_pinned(overlay: str) -> None:
    documents = render(overlay)

    assert config_map(documents, "platform")["ELCORP_ENVIRONMENT"] == overlay
    for workload in workloads(documents):
        image, _, tag = container_of(workload)["image"].rpartition(":")
        assert image
        assert tag not in {"", "latest"}


def _is_secret(variable: Document) -> bool:
    return "secretKeyRef" in variable.get("valueFrom", {})
