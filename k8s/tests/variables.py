"""The environment of a container, read from the rendered documents."""

from collections.abc import Callable, Iterator

from k8s.tests.rendering import Document, container_of, environment, kind, name

# The value of a Secret's key, by the two names; None leaves the variable out.
SecretOf = Callable[[str, str], str | None]


def no_secret(_secret: str, _key: str) -> None:
    """Leave out the variables whose values come from Secrets."""


def variables(workload: Document, documents: list[Document], secret_of: SecretOf = no_secret) -> dict[str, str]:
    """Return each variable's value. Raises KeyError for a missing ConfigMap or key, with which the pod would not start."""
    return dict(_variables(workload, documents, secret_of))


def _variables(workload: Document, documents: list[Document], secret_of: SecretOf) -> Iterator[tuple[str, str]]:
    config_maps = {name(each): each.get("data", {}) for each in kind(documents, "ConfigMap")}
    # In Kubernetes' order: a variable of `env` replaces one that `envFrom` takes from a whole ConfigMap.
    for source in container_of(workload).get("envFrom", []):
        yield from config_maps[source["configMapRef"]["name"]].items()
    for variable, given in environment(workload):
        source = given.get("valueFrom", {})
        if secret := source.get("secretKeyRef"):
            if (value := secret_of(secret["name"], secret["key"])) is not None:
                yield variable, value
        elif config := source.get("configMapKeyRef"):
            yield variable, config_maps[config["name"]][config["key"]]
        else:
            yield variable, given["value"]
