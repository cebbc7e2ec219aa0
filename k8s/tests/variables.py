"""The environment that a container starts with, read off the rendered documents."""

from collections.abc import Mapping

from k8s.tests.rendering import Document, container_of, environment, kind, name


def variables(workload: Document, documents: list[Document], secrets: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return each variable's value; `secrets` holds those of Secrets by their key, and without it they are left out.

    A reference to a ConfigMap or key that is not there raises KeyError, as the pod would not start.
    """
    config_maps = {name(each): each.get("data", {}) for each in kind(documents, "ConfigMap")}
    sources = container_of(workload)["envFrom"]
    found = {key: value for source in sources for key, value in config_maps[source["configMapRef"]["name"]].items()}
    for variable, given in environment(workload):
        source = given.get("valueFrom", {})
        if secret := source.get("secretKeyRef"):
            found.update({} if secrets is None else {variable: secrets[secret["key"]]})
        elif config := source.get("configMapKeyRef"):
            found[variable] = config_maps[config["name"]][config["key"]]
        else:
            found[variable] = given["value"]
    return found
