"""The command, environment and files of a rendered workload, read without a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from k8s.tests.rendering import Document, container_of, kind, name, pod_of
from k8s.tests.variables import variables

ConfigMaps = Mapping[str, Mapping[str, str]]
# The mounted files: folder, name, content.
Files = Mapping[str, Mapping[str, str]]
# The Secrets of the namespace by name: values by key.
Secrets = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class PodSpec:
    """`files` are the mounted ConfigMaps and Secrets: folder, file name, content. `empty` are the writable folders.

    `claims` are the PersistentVolumeClaims by the folder where each is mounted.
    """

    name: str
    labels: Mapping[str, str]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    files: Files
    empty: tuple[str, ...]
    claims: Mapping[str, str]
    ports: Mapping[str, int]
    probes: Mapping[str, Document]
    pre_stop_seconds: int
    grace_seconds: int


def pod_spec(workload: Document, documents: list[Document], secrets: Secrets) -> PodSpec:
    """Read a Deployment or Job. Raises KeyError for a ConfigMap, Secret or key that nothing provides."""
    container, pod = container_of(workload), pod_of(workload)
    mounts = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])}
    volumes = {mounts[volume["name"]]: volume for volume in pod.get("volumes", [])}
    config_maps = {name(each): each.get("data", {}) for each in kind(documents, "ConfigMap")}
    probes = ("startupProbe", "readinessProbe")
    pre_stop: Any = container.get("lifecycle", {}).get("preStop", {})
    return PodSpec(
        name=name(workload),
        labels=workload["spec"]["template"]["metadata"]["labels"],
        command=(*container.get("command", []), *container.get("args", [])),
        environment=variables(workload, documents, partial(_secret, _optional(container), secrets)),
        files={path: found for path, volume in volumes.items() if (found := _files(volume, config_maps, secrets)) is not None},
        empty=tuple(path for path, volume in volumes.items() if "emptyDir" in volume),
        claims={path: claim["claimName"] for path, volume in volumes.items() if (claim := volume.get("persistentVolumeClaim"))},
        ports={port["name"]: port["containerPort"] for port in container.get("ports", [])},
        probes={probe: container[probe] for probe in probes if probe in container},
        pre_stop_seconds=pre_stop.get("sleep", {}).get("seconds", 0),
        grace_seconds=pod["terminationGracePeriodSeconds"],
    )


def _optional(container: Document) -> frozenset[tuple[str, str]]:
    """Return the Secrets' keys that the container can start without."""
    references = [variable.get("valueFrom", {}).get("secretKeyRef", {}) for variable in container.get("env", [])]
    return frozenset((each["name"], each["key"]) for each in references if each.get("optional"))


def _secret(optional: frozenset[tuple[str, str]], secrets: Secrets, secret: str, key: str) -> str | None:
    return secrets[secret].get(key) if (secret, key) in optional else secrets[secret][key]


def _files(volume: Document, config_maps: ConfigMaps, secrets: Secrets) -> Mapping[str, str] | None:
    if "secret" in volume:
        source = volume["secret"]
        known = secrets.get(source["secretName"], {}) if source.get("optional") else secrets[source["secretName"]]
        return _chosen(known, source)
    if "configMap" in volume:
        return _chosen(config_maps[volume["configMap"]["name"]], volume["configMap"])
    return None


def _chosen(content: Mapping[str, str], source: Document) -> Mapping[str, str]:
    items = source.get("items")
    return {item["path"]: content[item["key"]] for item in items} if items else content
