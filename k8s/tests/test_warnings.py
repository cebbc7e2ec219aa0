"""Neither an API server nor kubectl warns about an overlay, when it is applied for the first or second time."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable

import pytest
import yaml

from k8s.tests.rendering import K8S, OVERLAYS, container_of, kind, name, pod_of, render, workloads

SCRIPT = K8S / "overlays" / "local" / "secrets.sh"
# Annotations that an API server reports as ignored, deprecated or replaced by a field.
DEPRECATED_ANNOTATIONS = re.compile(r"kubernetes\.io/ingress\.class|.*\.alpha\.kubernetes\.io/.*|container\.apparmor\..*")


def twice(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, count in Counter(values).items() if count > 1]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_has_no_duplicate_entries(overlay: str) -> None:
    """If two entries have the same key, `kubectl apply` may later drop either."""
    for workload in workloads(render(overlay)):
        pod, container = pod_of(workload), container_of(workload)
        ports = container.get("ports", [])
        assert twice(variable["name"] for variable in container.get("env", [])) == []
        assert twice(port["name"] for port in ports) == []
        assert twice((port["containerPort"], port.get("protocol", "TCP")) for port in ports) == []
        assert twice(volume["name"] for volume in pod.get("volumes", [])) == []
        assert twice(mount["mountPath"] for mount in container["volumeMounts"]) == []
        assert twice((each["topologyKey"], each["whenUnsatisfiable"]) for each in pod.get("topologySpreadConstraints", [])) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_set_no_ignored_fields(overlay: str) -> None:
    for service in kind(render(overlay), "Service"):
        spec = service["spec"]
        assert twice(port["name"] for port in spec["ports"]) == twice(port["port"] for port in spec["ports"]) == []
        assert not {"sessionAffinity", "externalIPs", "loadBalancerIP", "externalName"} & spec.keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_document_has_a_deprecated_annotation(overlay: str) -> None:
    for document in render(overlay):
        template = document.get("spec", {}).get("template", {}) if isinstance(document.get("spec"), dict) else {}
        annotations = [*document["metadata"].get("annotations", {}), *template.get("metadata", {}).get("annotations", {})]
        assert [each for each in annotations if DEPRECATED_ANNOTATIONS.fullmatch(each)] == []


def test_the_script_and_the_overlay_apply_the_same_namespaces() -> None:
    """Otherwise each would remove the labels of the other."""
    files = [(SCRIPT.parent / path).resolve() for path in re.findall(r'-f "\$here/([^"]+)"', SCRIPT.read_text())]
    applied = {name(document): document for file in files for document in yaml.safe_load_all(file.read_text())}

    assert applied == {name(document): document for document in kind(render("local"), "Namespace")}
    assert len(applied) == 2
