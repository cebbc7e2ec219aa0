"""What a rendered workload asks to be run: command, environment, files. A real cluster is not needed to read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8s.tests.rendering import Document, component_of, container_of, kind, name, pod_of

ConfigMaps = Mapping[str, Mapping[str, str]]
# The Secrets of the namespace by name: values by key.
Secrets = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class PodSpec:
    """`files` are the mounted ConfigMaps and Secrets: folder, file name, content. `empty` are the folders to write in."""

    name: str
    component: str
    labels: Mapping[str, str]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    files: Mapping[str, Mapping[str, str]]
    empty: tuple[str, ...]
    ports: Mapping[str, int]
    probes: Mapping[str, Document]
    pre_stop_seconds: int
    grace_seconds: int


def pod_spec(workload: Document, config_maps: ConfigMaps, secrets: Secrets) -> PodSpec:
    """Read a Deployment or Job; KeyError for a ConfigMap, Secret or key that nothing provides."""
    container, pod = container_of(workload), pod_of(workload)
    mounts = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])}
    volumes = {mounts[volume["name"]]: volume for volume in pod.get("volumes", [])}
    probes = ("startupProbe", "readinessProbe")
    pre_stop: Any = container.get("lifecycle", {}).get("preStop", {})
    return PodSpec(
        name=name(workload),
        component=component_of(workload),
        labels=workload["spec"]["template"]["metadata"]["labels"],
        command=(*container.get("command", []), *container.get("args", [])),
        environment=dict(_environment(container, config_maps, secrets)),
        files={path: found for path, volume in volumes.items() if (found := _files(volume, config_maps, secrets))},
        empty=tuple(path for path, volume in volumes.items() if "emptyDir" in volume),
        ports={port["name"]: port["containerPort"] for port in container.get("ports", [])},
        probes={probe: container[probe] for probe in probes if probe in container},
        pre_stop_seconds=pre_stop.get("sleep", {}).get("seconds", 0),
        grace_seconds=pod["terminationGracePeriodSeconds"],
    )


def config_maps_of(documents: list[Document]) -> dict[str, dict[str, str]]:
    return {name(each): each.get("data", {}) for each in kind(documents, "ConfigMap")}


def _environment(container: Document, config_maps: ConfigMaps, secrets: Secrets) -> Iterator[tuple[str, str]]:
    # In Kubernetes' order: what a variable sets by itself stands above what it has from a whole ConfigMap.
    for source in container.get("envFrom", []):
        yield from config_maps[source["configMapRef"]["name"]].items()
    for variable in container.get("env", []):
        source = variable.get("valueFrom", {})
        if secret := source.get("secretKeyRef"):
            if not (secret.get("optional") and secret["key"] not in secrets[secret["name"]]):
                yield variable["name"], secrets[secret["name"]][secret["key"]]
        elif config := source.get("configMapKeyRef"):
            yield variable["name"], config_maps[config["name"]][config["key"]]
        else:
            yield variable["name"], variable["value"]


def _files(volume: Document, config_maps: ConfigMaps, secrets: Secrets) -> Mapping[str, str]:
    if "secret" in volume:
        source = volume["secret"]
        known = secrets.get(source["secretName"], {}) if source.get("optional") else secrets[source["secretName"]]
        return _chosen(known, source)
    if "configMap" in volume:
        return _chosen(config_maps[volume["configMap"]["name"]], volume["configMap"])
    return {}


def _chosen(content: Mapping[str, str], source: Document) -> Mapping[str, str]:
    items = source.get("items")
    return {item["path"]: content[item["key"]] for item in items} if items else content
