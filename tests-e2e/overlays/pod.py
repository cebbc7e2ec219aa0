"""One pod, as a process in its own mount namespace: its files, its hosts, a read-only root, and only its environment."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from overlays.pod_spec import Files, PodSpec

from chassis.testing.mounted import MountedFiles
from chassis.testing.running import eventually
from elcorp_local import logs

RESTARTS_MAX = 3
READY_SECONDS_MAX = 300
# More often than a kubelet probes, but rarely enough to leave the CPU to the processes.
PROBE_SECONDS = 0.25
# The public authorities that the image trusts, for the mail relay and the bucket.
_PUBLIC_AUTHORITIES = "/run/public-authorities.crt"
_OWN_MOUNTS = ("unshare", "--mount", "--propagation", "private", "--")
_MARKS = ("ELCORP_TEST_RUN", "ELCORP_CI_RUN")  # they identify leftovers of an interrupted run


class PodFailed(Exception):
    """A pod's process ended by itself, or did not end when asked to; the message ends with the end of its log."""


@dataclass
class Pod:
    """`address` is on the loopback network; `folder` holds its volumes and log. `claimed` holds the volumes that pods share."""

    spec: PodSpec
    address: str
    folder: Path
    hosts: Path
    authorities: Path
    claimed: Path
    child: asyncio.subprocess.Process | None = None
    restarts: int = 0
    volumes: dict[str, MountedFiles] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    async def start(self) -> None:
        self.folder.mkdir(parents=True)
        for path in self.spec.files:
            self.volumes[path] = MountedFiles(self.folder / path.strip("/").replace("/", "-"))
        self.mount(self.spec.files)
        await self._run()

    def mount(self, files: Files) -> None:
        """Replace the files of mounted ConfigMaps and Secrets, as a kubelet does while the process runs."""
        for path, content in files.items():
            self.volumes[path].put_files({name: text.encode() for name, text in content.items()})

    async def wait_ready(self) -> None:
        """Call the startup probe, then the readiness probe, until both succeed. Raises PodFailed if the process keeps ending."""
        for probe in self.spec.probes.values():

            async def passes(probe: Mapping[str, Mapping[str, object]] = probe) -> bool:
                await self._restart_ended()
                if await self._passes(probe):
                    return True
                await asyncio.sleep(PROBE_SECONDS)
                return False

            try:
                await eventually(passes, seconds=READY_SECONDS_MAX)
            except AssertionError as error:
                raise PodFailed(self._with_log_tail("is not ready")) from error

    async def wait_done(self) -> None:
        """Wait until a Job's pod succeeds. Raises PodFailed if it keeps failing."""
        while self.child and await self.child.wait() != 0:
            await self._restart_ended()

    async def stop(self) -> None:
        """Stop it as a kubelet does. Raises PodFailed unless it ends by itself, with success, within its grace period."""
        if self.child is None:
            return
        if self.child.returncode is not None:
            raise PodFailed(self._with_log_tail(f"had ended with {self.child.returncode}"))
        await asyncio.sleep(self.spec.pre_stop_seconds)
        self.child.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self.spec.grace_seconds - self.spec.pre_stop_seconds):
                status = await self.child.wait()
        except TimeoutError:
            await self.kill()
            raise PodFailed(self._with_log_tail("did not stop within its grace period")) from None
        self.child = None
        if status != 0:
            raise PodFailed(self._with_log_tail(f"ended with {status}"))

    async def execute(self, *command: str) -> str:
        """Run a command with the pod's files and environment, as `kubectl exec` does. Raises PodFailed unless it succeeds."""
        if self.child is None:
            raise PodFailed(f"{self.spec.name} does not run")
        done = await asyncio.create_subprocess_exec(
            *("nsenter", f"--mount=/proc/{self.child.pid}/ns/mnt", "--", *command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment(),
            cwd="/",
        )
        out, errors = await done.communicate()
        if done.returncode:
            raise PodFailed(f"{' '.join(command)} ended with {done.returncode}:\n{out.decode()}{errors.decode()}")
        return out.decode()

    async def kill(self) -> None:
        if self.child and self.child.returncode is None:
            self.child.kill()
            await self.child.wait()

    async def _run(self) -> None:
        with self.log.open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *_OWN_MOUNTS, "sh", "-ec", "\n".join(self._script()), stdout=log, stderr=log, env=self._environment()
            )

    async def _restart_ended(self) -> None:
        """Restart a process that has ended, a few times, as restartPolicy and backoffLimit say."""
        if self.child is None or self.child.returncode is None:
            return
        self.restarts += 1
        if self.restarts > RESTARTS_MAX:
            raise PodFailed(self._with_log_tail(f"ended with {self.child.returncode}"))
        await self._run()

    def _script(self) -> Iterator[str]:
        yield "mount -t tmpfs tmpfs /run"
        for path, volume in self.volumes.items():
            yield f"mkdir -p {shlex.quote(path)} && mount --bind {volume.folder} {shlex.quote(path)}"
        for path, claim in self.spec.claims.items():
            yield f"mkdir -p {path} {self.claimed / claim} && mount --bind {self.claimed / claim} {path}"
        yield f"mount --bind {self.hosts} /etc/hosts"
        yield f"cp {self.authorities} {_PUBLIC_AUTHORITIES}"
        for path in self.spec.empty:
            if path != "/tmp":  # noqa: S108  # of the pod
                yield f"mkdir -p {path}"
        yield "mount -o remount,bind,ro /"
        # Last, because the volumes of tests are in the machine's /tmp.
        yield "mount -t tmpfs -o size=64m,mode=1777 tmpfs /tmp"
        yield f"cd /tmp && exec setpriv --pdeathsig KILL {self._user()} {shlex.join(self.spec.command)}"

    def _user(self) -> str:
        # This machine's interpreter may be readable to its own user only; PgBouncer refuses to run as root.
        return "" if self.spec.command[0] == "python" else "--reuid 10001 --regid 10001 --clear-groups"

    def _environment(self) -> dict[str, str]:
        inherited = {mark: os.environ[mark] for mark in _MARKS if mark in os.environ}
        path = f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        image = {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8", "SSL_CERT_FILE": _PUBLIC_AUTHORITIES}  # noqa: S108  # of the pod
        return {**image, **inherited, **self.spec.environment}

    async def _passes(self, probe: Mapping[str, Mapping[str, object]]) -> bool:
        if "httpGet" in probe:
            return await _answers(self.address, self._port(probe["httpGet"]["port"]), str(probe["httpGet"]["path"]))
        if "grpc" in probe:
            return await _serves(f"{self.address}:{self._port(probe['grpc']['port'])}")
        return await _listens(self.address, self._port(probe["tcpSocket"]["port"]))

    def _port(self, named: object) -> int:
        return self.spec.ports[named] if isinstance(named, str) else int(str(named))

    def _with_log_tail(self, what: str) -> str:
        return f"{self.spec.name} {what}; the end of its log:\n{logs.tail(self.log, 20)}"


async def _answers(host: str, port: int, path: str) -> bool:
    """Send the request by hand: a client library would first read all certificate authorities, for each of many requests."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    with closing(writer), suppress(OSError):
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        return b" 200 " in await reader.readline()
    return False


async def _serves(target: str) -> bool:
    async with aio.insecure_channel(target) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
