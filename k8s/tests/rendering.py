"""The overlays rendered by kubectl, as plain documents."""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.ci.release import kustomize

K8S = Path(__file__).parents[1]
OVERLAYS = ("local", "staging", "production")
POOLER = "pooler"
SERVICES = ("identity", "payments", "governance", "compliance")

Document = dict[str, Any]


def render(overlay: str) -> list[Document]:
    """Render one overlay; each call returns new documents."""
    documents: list[Document] = json.loads(_rendered(K8S / "overlays" / overlay))
    return documents


def render_base() -> list[Document]:
    """Render the base, without the values of an overlay."""
    documents: list[Document] = json.loads(_rendered(K8S / "base"))
    return documents


def render_component(component: str) -> list[Document]:
    """Render a single component on the base, with the few environment values that components read."""
    with tempfile.TemporaryDirectory() as folder:
        # Kustomize takes relative paths only.
        base, extra = (os.path.relpath(K8S / path, folder) for path in ("base", f"components/{component}"))
        literals = "['public-url=https://api.test', smtp-network=192.0.2.1/32, internal-authority=internal-ca]"
        environment = f"{{name: environment, namespace: elcorp, literals: {literals}}}"
        kustomization = f"resources: [{base}]\ncomponents: [{extra}]\nconfigMapGenerator: [{environment}]\n"
        (Path(folder) / "kustomization.yaml").write_text(kustomization)
        documents: list[Document] = json.loads(_rendered(Path(folder)))
        return documents


@cache
def _rendered(folder: Path) -> str:
    result = kustomize(folder)
    # Kustomize prints warnings about fields that it will drop.
    assert (result.returncode, result.stderr) == (0, "")
    # As JSON, which is parsed in a hundredth of the time.
    return json.dumps(list(yaml.load_all(result.stdout, Loader=yaml.CSafeLoader)))


def kind(documents: list[Document], *kinds: str) -> list[Document]:
    return [document for document in documents if document["kind"] in kinds]


def name(document: Document) -> str:
    return str(document["metadata"]["name"])


def config_map(documents: list[Document], base_name: str) -> dict[str, str]:
    """Return the data of a generated ConfigMap, whose name ends with a digest of its contents."""
    [found] = [each for each in kind(documents, "ConfigMap") if name(each).rpartition("-")[0] == base_name]
    data: dict[str, str] = found["data"]
    return data


def process_name(workload: Document) -> str:
    """Return a document's name, without the digest at the end of a migration Job's name."""
    return re.sub(r"(?<=-migrate)-[0-9a-f]{10}$", "", name(workload))


def workloads(documents: list[Document]) -> list[Document]:
    return kind(documents, "Deployment", "Job", "StatefulSet")


def ours(documents: list[Document]) -> list[Document]:
    """Return the workloads that run our own code: all in our namespace except PgBouncer."""
    return [each for each in workloads(documents) if each["metadata"]["namespace"] == "elcorp" and name(each) != POOLER]


def pod_of(workload: Document) -> Document:
    pod: Document = workload["spec"]["template"]["spec"]
    return pod


def container_of(workload: Document) -> Document:
    [container] = pod_of(workload)["containers"]
    found: Document = container
    return found


def component_of(workload: Document) -> str:
    return str(workload["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"])


def environment(workload: Document) -> Iterator[tuple[str, Document]]:
    """Yield the variables that a container sets by itself."""
    for variable in container_of(workload).get("env", []):
        yield variable["name"], variable
