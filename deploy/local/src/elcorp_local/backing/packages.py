"""Make the servers' programs available: those that are there, or the distribution's packages."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from elcorp_local.backing import docker, postgres, rabbitmq, redis

_PACKAGES = {"postgres": "postgresql", "rabbitmq": "rabbitmq-server", "redis": "redis-server"}
_PROGRAMS: dict[str, Callable[[], object]] = {
    "postgres": postgres.binaries,
    "rabbitmq": rabbitmq.program,
    "redis": redis.program,
}
_CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.conf")
_POLICY = Path("/usr/sbin/policy-rc.d")


def provide(needed: Sequence[str], say: Callable[[str], None]) -> Literal["binaries", "docker"]:
    """See to it that the programs of `needed` can be run; says what it installs.

    Raises RuntimeError, with what to do, when there is no way.
    """
    missing = [name for name in needed if not _PROGRAMS[name]()]
    if not missing:
        return "binaries"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _install([_PACKAGES[name] for name in missing], say)
        if still := [name for name in missing if not _PROGRAMS[name]()]:
            raise RuntimeError(f"the packages were installed, yet no programs for {', '.join(still)} were found")
        return "binaries"
    if docker.is_reachable():
        say("no local servers; using containers")
        return "docker"
    packages = ", ".join(_PACKAGES[name] for name in missing)
    raise RuntimeError(
        f"cannot provide {', '.join(missing)}: install {packages}, or run as root on Debian or Ubuntu, "
        "or start a Docker engine, or set ELCORP_LOCAL_<NAME>_URL"
    )


def _install(packages: Sequence[str], say: Callable[[str], None]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    say("refreshing the package lists")
    _run(["apt-get", "update", "-qq"], environment)
    say(f"installing {', '.join(packages)} (a minute or so; no system service is started)")
    with _no_services_started(), _no_default_cluster():
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], environment)


def _run(command: list[str], environment: dict[str, str]) -> None:
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if result.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed:\n{(result.stdout + result.stderr)[-2000:]}")


@contextmanager
def _no_services_started() -> Iterator[None]:
    """Keep package scripts from starting system instances, by Debian's own switch; an existing policy is put back."""
    before = _POLICY.read_bytes() if _POLICY.exists() else None
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if before is None:
            _POLICY.unlink()
        else:
            _POLICY.write_bytes(before)


@contextmanager
def _no_default_cluster() -> Iterator[None]:
    if _CLUSTER_SETTINGS.exists() or shutil.which("pg_createcluster"):
        yield
        return
    # Read by postgresql-common while it is installed; apt keeps a file that is already there.
    _CLUSTER_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    _CLUSTER_SETTINGS.write_text("create_main_cluster = false\n")
    yield
