"""A rendered overlay, run as processes on this machine, with what a cluster does around them.

Differences from a cluster: pods use the loopback network instead of their own (`_TRANSLATED`); they run as this user with this
machine's programs instead of in their image; each Deployment has one pod; network policies, liveness probes and memory limits
have no effect. Prepared statements are off behind Debian's PgBouncer (`_ADDED`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

from overlays.pod import Pod
from overlays.pod_spec import PodSpec, pod_spec

from elcorp_local.load_balancer import Endpoint, LoadBalancer
from k8s.tests.rendering import Document, kind, name, render, workloads

NAMESPACE = "elcorp"
# Debian 12's PgBouncer ends immediately when asked to; the image's version first waits for its clients to leave.
_NOT_REPLACED = frozenset({"pooler"})
# The endpoints of servers outside the namespace, by host name and port.
Outside = Mapping[str, Mapping[int, Endpoint]]
# Values of the rendered overlay that name the pods' network.
_TRANSLATED = {
    "10.0.0.0/8": "127.0.0.0/8",
    "0.0.0.0": "{address}",  # noqa: S104  # the address on which pods listen
    "listen_addr = *": "listen_addr = {address}",
    # Debian 12's PgBouncer is older than the image's.
    "max_prepared_statements = ": "; max_prepared_statements = ",
    "max_db_client_connections = ": "; max_db_client_connections = ",
}
_ADDED = {"ELCORP_DATABASE_PREPARED": "false"}


@dataclass
class Cluster:
    """`secrets` are the namespace's Secrets by name; change them, then `remount` or `roll` as a cluster would."""

    overlay: str
    folder: Path
    network: str
    secrets: dict[str, dict[str, str]]
    outside: Outside
    authorities: Path
    pods: dict[str, list[Pod]] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    _balancers: list[LoadBalancer] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.documents = render(self.overlay)

    @property
    def url(self) -> str:
        """Return the address at which the Ingress finds the gateway."""
        return f"http://{self.services['gateway']}"

    @property
    def deployments(self) -> list[str]:
        return [name(each) for each in self._workloads() if each["kind"] == "Deployment"]

    async def start(self) -> None:
        """Start everything at once: each process waits for what it needs."""
        await self._make_services()
        self._write_hosts()
        async with asyncio.TaskGroup() as tasks:
            for deployment in self.deployments:
                tasks.create_task(self._add(deployment))
            for job in (each for each in self._workloads() if each["kind"] == "Job"):
                tasks.create_task(self._run(job))

    async def stop(self) -> None:
        for balancer in self._balancers:
            await balancer.close()
        await asyncio.gather(*(pod.kill() for pods in self.pods.values() for pod in pods))

    async def roll(self, deployments: Iterable[str] | None = None) -> None:
        """Replace the pods of the Deployments, by default of all: a new pod is ready before the old one is asked to stop."""
        async with asyncio.TaskGroup() as tasks:
            for deployment in deployments or set(self.deployments) - _NOT_REPLACED:
                tasks.create_task(self._roll(deployment))

    def remount(self) -> None:
        """Write changed Secrets and ConfigMaps to the files of running pods."""
        for deployment, pods in self.pods.items():
            for pod in pods:
                spec = self._spec(self._document(deployment), pod.address)
                pod.mount({path: files for path, files in spec.files.items() if files != pod.spec.files[path]})
                pod.spec = replace(pod.spec, files=spec.files)

    def environment_of(self, deployment: str) -> Mapping[str, str]:
        return self._spec(self._document(deployment), "").environment

    def logs(self) -> str:
        return "\n".join(f"--- {pod.spec.name}\n{pod.log.read_text()[-3000:]}" for pods in self.pods.values() for pod in pods)

    async def _run(self, job: Document) -> None:
        pod = self._pod(job)
        await pod.start()
        try:
            await pod.wait_done()
        finally:
            await pod.kill()

    async def _roll(self, deployment: str) -> None:
        old = list(self.pods[deployment])
        await self._add(deployment)
        self.pods[deployment] = [pod for pod in self.pods[deployment] if pod not in old]
        self._write_hosts()
        await asyncio.gather(*(pod.stop() for pod in old))

    async def _add(self, deployment: str) -> None:
        pod = self._pod(self._document(deployment))
        await pod.start()
        try:
            await pod.wait_ready()
        except BaseException:
            await pod.kill()
            raise
        self.pods.setdefault(deployment, []).append(pod)
        self._write_hosts()

    def _document(self, deployment: str) -> Document:
        [found] = [each for each in self._workloads() if name(each) == deployment]
        return found

    def _workloads(self) -> list[Document]:
        return [each for each in workloads(self.documents) if each["metadata"]["namespace"] == NAMESPACE]

    def _spec(self, workload: Document, address: str) -> PodSpec:
        return _translated(pod_spec(workload, self.documents, self.secrets), address)

    def _pod(self, workload: Document) -> Pod:
        number = next(self._numbers)
        address = f"{self.network}.1.{number}"
        spec = self._spec(workload, address)
        folder = self.folder / f"{spec.name}-{number}"
        return Pod(spec, address, folder, self.folder / "hosts", self.authorities, self.folder / "claimed")

    async def _make_services(self) -> None:
        for number, service in enumerate(self._services(), 1):
            address = self.services[name(service)] = f"{self.network}.2.{number}"
            for port in service["spec"]["ports"]:
                target = port["targetPort"]

                def endpoints(service: Document = service, target: str = target) -> list[Endpoint]:
                    return [(pod.address, pod.spec.ports[target]) for pod in self._selected(service)]

                self._balancers.append(await LoadBalancer.start(address, port["port"], endpoints))
        for number, (host, ports) in enumerate(self.outside.items(), 1):
            address = self.services[host] = f"{self.network}.3.{number}"
            for outside_port, endpoint in ports.items():
                self._balancers.append(await LoadBalancer.start(address, outside_port, partial(list, [endpoint])))

    def _services(self, *, headless: bool = False) -> list[Document]:
        services = [each for each in kind(self.documents, "Service") if each["metadata"]["namespace"] == NAMESPACE]
        return [each for each in services if (each["spec"].get("clusterIP") == "None") == headless]

    def _selected(self, service: Document) -> list[Pod]:
        selector = service["spec"]["selector"].items()
        return [pod for pods in self.pods.values() for pod in pods if selector <= pod.spec.labels.items()]

    def _write_hosts(self) -> None:
        """Write what the cluster's DNS would answer: a Service's address, or every ready pod of a headless Service."""
        lines = ["127.0.0.1 localhost", *(f"{address} {host}" for host, address in self.services.items())]
        for service in self._services(headless=True):
            lines += [f"{pod.address} {name(service)}" for pod in self._selected(service)]
        # In place, because the pods have this file mounted.
        (self.folder / "hosts").write_text("\n".join(lines) + "\n")


def _translated(spec: PodSpec, address: str) -> PodSpec:
    translated = {value: other.format(address=address) for value, other in _TRANSLATED.items()}
    # Folders that the machine may not have are below a folder of each pod.
    folders = {path: f"/run{path}" for path in (*spec.files, *spec.claims) if not path.startswith("/run/")}

    def of(text: str) -> str:
        for value, other in (translated | folders).items():
            text = text.replace(value, other)
        return text

    return replace(
        spec,
        command=tuple(of(word) for word in spec.command),
        environment=_ADDED | {variable: of(value) for variable, value in spec.environment.items()},
        files={folders.get(path, path): _each(of, files) for path, files in spec.files.items()},
        claims={folders.get(path, path): claim for path, claim in spec.claims.items()},
    )


def _each(of: Callable[[str], str], files: Mapping[str, str]) -> dict[str, str]:
    return {name: of(content) for name, content in files.items()}


@asynccontextmanager
async def running(cluster: Cluster) -> AsyncIterator[Cluster]:
    """Run an overlay for the length of the block."""
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.stop()
