"""The distribution's packages of the servers, installed without starting any of them as a system service."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

INSTALL_SECONDS_MAX = 600
_PACKAGES = {"postgres": "postgresql", "rabbitmq": "rabbitmq-server", "redis": "redis-server", "pgbouncer": "pgbouncer"}
_CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.conf")
_POLICY = Path("/usr/sbin/policy-rc.d")
_NO_CLUSTER = "create_main_cluster = false\n"


class InstallFailed(Exception):
    """apt-get could not install the packages."""


def are_possible() -> bool:
    return os.geteuid() == 0 and bool(shutil.which("apt-get"))


def names(servers: Sequence[str]) -> str:
    return ", ".join(_PACKAGES[name] for name in servers)


def install(servers: Sequence[str], say: Callable[[str], None]) -> None:
    """Install the packages of `servers`; prints what takes long. Raises InstallFailed."""
    say("refreshing the package lists")
    _apt_get("update")
    say(f"installing {names(servers)} (a minute or so; no system service is started)")
    with replaced(_POLICY, "#!/bin/sh\nexit 101\n", mode=0o755):
        if "postgres" in servers:
            # First the package with the setting; then PostgreSQL itself, which follows it.
            _install("postgresql-common")
            with replaced(_CLUSTER_SETTINGS, _NO_CLUSTER, mode=0o644):
                _install(*(_PACKAGES[name] for name in servers))
        else:
            _install(*(_PACKAGES[name] for name in servers))


def install_named(wanted: Sequence[str], say: Callable[[str], None]) -> None:
    """Install packages by their own names, servers among them as `install` does. Raises InstallFailed."""
    if servers := [server for server, package in _PACKAGES.items() if package in wanted]:
        install(servers, say)
    if others := [package for package in wanted if package not in _PACKAGES.values()]:
        say(f"installing {', '.join(others)}")
        _apt_get("update")
        _install(*others)


@contextmanager
def replaced(file: Path, text: str, *, mode: int) -> Iterator[None]:
    """Replace a file by a text for the length of the block; then restore the file, or remove it if there was none."""
    aside = file.with_name(file.name + ".before-elcorp")
    if aside.is_symlink() or aside.exists():  # an earlier run was cut off
        aside.replace(file)
    if file.is_symlink() or file.exists():
        file.rename(aside)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        if aside.is_symlink() or aside.exists():
            aside.rename(file)


def _install(*packages: str) -> None:
    _apt_get("install", "-y", "--no-install-recommends", *packages)


def _apt_get(*arguments: str) -> None:
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confold", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ended = subprocess.run(  # noqa: S603  # our own command
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired as error:
        raise InstallFailed(f"apt-get {arguments[0]} took longer than {INSTALL_SECONDS_MAX} s") from error
    if ended.returncode:
        raise InstallFailed(f"apt-get {' '.join(arguments)} failed:\n{(ended.stdout + ended.stderr)[-2000:]}")
