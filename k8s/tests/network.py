"""The allowed connections between pods, as a network plugin would derive them from the policies."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from k8s.tests.rendering import Document, container_of, process_name, workloads


@dataclass(frozen=True)
class Pod:
    """`ports` are the container's, by name. With an `address` it is not a pod, but outside the cluster or on a node."""

    name: str
    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    address: str | None = None

    @classmethod
    def of(cls, workload: Document) -> "Pod":
        template = workload["spec"]["template"]
        ports = tuple((port["name"], port["containerPort"]) for port in container_of(workload).get("ports", []))
        labels = tuple(sorted(template["metadata"]["labels"].items()))
        return cls(process_name(workload), workload["metadata"]["namespace"], labels, ports)


Edge = tuple[str, str, str]


def pods(documents: list[Document]) -> list[Pod]:
    return [Pod.of(workload) for workload in workloads(documents)]


def edges(policies: list[Document], sources: Iterable[Pod], targets: Iterable[Pod]) -> set[Edge]:
    """Return (source, target, port) for each connection that both sides allow."""
    targets = list(targets)
    return {
        (source.name, target.name, port)
        for source in sources
        for target in targets
        if source.name != target.name
        for port, number in target.ports
        if _allows(policies, "Egress", source, target, port, number)
        and _allows(policies, "Ingress", target, source, port, number)
    }


def _allows(policies: list[Document], direction: str, subject: Pod, peer: Pod, port: str, number: int) -> bool:
    """Apply one side: a pod that no policy selects is open; a selected one needs a matching rule."""
    selecting = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == subject.namespace
        and direction in policy["spec"]["policyTypes"]
        and _matches(policy["spec"]["podSelector"], dict(subject.labels))
    ]
    if not selecting:
        return True
    side = "to" if direction == "Egress" else "from"
    return any(
        _fits_peer(rule.get(side), subject, peer) and _fits_port(rule.get("ports"), port, number)
        for spec in selecting
        for rule in spec.get(direction.lower(), [])
    )


def _fits_peer(peers: list[Document] | None, subject: Pod, peer: Pod) -> bool:
    if not peers:
        return True
    return any(_is_peer(entry, subject, peer) for entry in peers)


def _is_peer(entry: Document, subject: Pod, peer: Pod) -> bool:
    if "ipBlock" in entry:
        return peer.address is not None and _is_within(entry["ipBlock"], ip_address(peer.address))
    if peer.address is not None:
        return False
    if "namespaceSelector" in entry:
        namespace = {"kubernetes.io/metadata.name": peer.namespace}
        in_namespace = _matches(entry["namespaceSelector"], namespace)
    else:
        in_namespace = peer.namespace == subject.namespace
    return in_namespace and _matches(entry.get("podSelector", {}), dict(peer.labels))


def _is_within(block: Document, address: IPv4Address | IPv6Address) -> bool:
    return address in ip_network(block["cidr"]) and not any(address in ip_network(each) for each in block.get("except", []))


def _fits_port(ports: list[Document] | None, port: str, number: int) -> bool:
    return not ports or any(entry.get("protocol", "TCP") == "TCP" and entry["port"] in {port, number} for entry in ports)


def _matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return equal and all(_meets(expression, labels) for expression in selector.get("matchExpressions", []))


def _meets(expression: Document, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case other:
            raise NotImplementedError(other)
