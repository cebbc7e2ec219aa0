"""Find the administrator's password for the journey, where the platform at a URL got it."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from elcorp_local import pids, secrets
from elcorp_local.failure import Failure
from elcorp_local.port_numbers import listening

KUBECTL_SECONDS_MAX = 15
_EMAIL, _PASSWORD = "ELCORP_ADMIN_EMAIL", "ELCORP_ADMIN_PASSWORD"  # names of settings
_DEFAULT_EMAIL = "admin@elcorp.na"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# The programs that listen on a container's published port, if any.
_PUBLISHERS = ("docker-proxy", "rootlesskit", "rootlessport", "slirp4netns", "pasta", "passt")


class PasswordUnknown(Failure):
    """No source knows the administrator of the platform at a URL."""


class UrlInvalid(Failure):
    """The platform's URL is not valid."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """The administrator's sign-in, and the source of the password."""

    email: str
    password: str
    source: str


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look: the platform's URL, the folder of `make run`, and the folder of the checkout."""

    url: str
    folder: Path
    checkout: Path

    def find(self) -> Administrator:
        """Return the administrator of the platform that listens at the URL. Raises PasswordUnknown or UrlInvalid.

        Sources are chosen by the platform that listens, not by
        the files that exist, because a wrong password counts as a failed sign-in.
        """
        _origin(self.url)
        sources: list[Callable[[], Administrator | None]] = [self._environment, self._own_run, self._compose, self._cluster]
        for source in sources:
            if found := source():
                return found
        raise PasswordUnknown(
            f"the administrator's password at {self.url} is unknown: this checkout's platform is not there, .env publishes "
            f"no gateway there, and it is not the gateway of kubectl's cluster. Set {_PASSWORD} (and {_EMAIL})"
        )

    def _environment(self) -> Administrator | None:
        if password := os.environ.get(_PASSWORD):
            kept = secrets.load(self.folder / "secrets.env")
            email = os.environ.get(_EMAIL) or kept.get(_EMAIL, _DEFAULT_EMAIL)
            return Administrator(email, password, f"{_PASSWORD} of the environment")
        return None

    def _own_run(self) -> Administrator | None:
        """Return the password that `make run` created, if the gateway of this checkout listens there."""
        pid = pids.running(self.folder / "run" / "gateway.pid")
        if not pid or not self._is_loopback or pids.environment_of(pid).get("ELCORP_GATEWAY_PORT") != str(self._port):
            return None
        file = self.folder / "secrets.env"
        return _of(secrets.load(file), f"{file}, of the platform that runs here")

    def _compose(self) -> Administrator | None:
        """Return the password in .env, if that publishes the gateway at this address."""
        file = self.checkout / ".env"
        given = {name: value.strip().strip("\"'") for name, value in secrets.load(file).items()}
        host, port = given.get("ELCORP_BIND") or "127.0.0.1", given.get("ELCORP_PORT") or "8000"
        is_there = str(self._port) == port and (self._is_loopback or self._host == host)
        # If another program listens, it is not .env's gateway: a forwarded port leads into a cluster, for example.
        if not is_there or (self._is_loopback and not self._is_published):
            return None
        return _of(given, f"{file}, of docker compose")

    def _cluster(self) -> Administrator | None:
        """Return the Secret of kubectl's current cluster, if the URL leads into that cluster."""
        secret = _kubectl("get", "secret", "identity-runtime")
        if not secret or "admin-password" not in secret.get("data", {}):
            return None
        environment = self._environment_of_cluster()
        if not (self._is_forwarded if self._is_loopback else self._is_public_url(environment)):
            return None
        password = base64.b64decode(secret["data"]["admin-password"]).decode()
        email = os.environ.get(_EMAIL) or environment.get("admin-email", _DEFAULT_EMAIL)
        return Administrator(email, password, "Secret elcorp/identity-runtime of the cluster that kubectl points at")

    def _environment_of_cluster(self) -> Mapping[str, str]:
        # Find the ConfigMap that the pods read: those of earlier releases have similar names and may still exist.
        deployment = _kubectl("get", "deployment", "identity")
        containers = deployment["spec"]["template"]["spec"]["containers"] if deployment else []
        references = [given["valueFrom"]["configMapKeyRef"] for each in containers for given in each["env"] if _is_email(given)]
        environment = _kubectl("get", "configmap", references[0]["name"]) if references else None
        data: Mapping[str, str] = environment["data"] if environment else {}
        return data

    def _is_public_url(self, environment: Mapping[str, str]) -> bool:
        # Compare the scheme too: over http, others could read the password of a gateway that uses https.
        public_url = environment.get("public-url")
        return bool(public_url) and _origin(str(public_url)) == _origin(self.url)

    @property
    def _is_forwarded(self) -> bool:
        # Otherwise another program on this port would receive the cluster's password.
        found = listening(self._port)
        return bool(found) and all(each.is_run_by("kubectl") for each in found)

    @property
    def _is_published(self) -> bool:
        # The programs of another user, such as Docker's, cannot be seen.
        return all(not each.command or each.is_run_by(*_PUBLISHERS) for each in listening(self._port))

    @property
    def _host(self) -> str:
        return _origin(self.url)[1]

    @property
    def _port(self) -> int:
        return _origin(self.url)[2]

    @property
    def _is_loopback(self) -> bool:
        return self._host in _LOOPBACK


def _origin(url: str) -> tuple[str, str, int]:
    """Return the scheme, host and port of a URL. Raises UrlInvalid."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in {"http", "https"}:
        raise UrlInvalid(f"not the URL of a gateway: {url} (such as http://localhost:8000, with a port up to 65535)")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def _of(given: Mapping[str, str], source: str) -> Administrator | None:
    password = given.get(_PASSWORD)
    return Administrator(given.get(_EMAIL, _DEFAULT_EMAIL), password, source) if password else None


def _is_email(variable: Mapping[str, Any]) -> bool:
    return variable["name"] == _EMAIL and "configMapKeyRef" in variable.get("valueFrom", {})


def _kubectl(*arguments: str) -> Any:
    """Return one object as kubectl prints it; None without kubectl, cluster or object."""
    program = shutil.which("kubectl")
    if not program:
        return None
    command = [program, "--namespace", "elcorp", f"--request-timeout={KUBECTL_SECONDS_MAX}s", *arguments, "--output", "json"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * KUBECTL_SECONDS_MAX)  # noqa: S603  # our own
    except subprocess.TimeoutExpired:
        return None
    return json.loads(ended.stdout) if ended.returncode == 0 else None
