"""`make bench` installs or names the programs that it runs before it starts anything."""

import os
from pathlib import Path

import pytest
from bench import BENCHMARKS
from benchmarks import needs
from benchmarks.needs import ProgramsMissing

ALL = list(BENCHMARKS)


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(folder: Path, name: str, text: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_all_missing_programs_are_named_with_the_command_that_installs_them() -> None:
    with pytest.raises(ProgramsMissing, match=r"pgbench, wrk\. Run: sudo apt-get install postgresql wrk"):
        needs.require(ALL, print)


def test_a_benchmark_requires_only_the_programs_that_it_runs(path: Path) -> None:
    needs.require(["start", "memory", "sign-ins"], print)
    put(path, "pgbench")
    needs.require(["pgbench", "bulk"], print)
    with pytest.raises(ProgramsMissing, match="on PATH: wrk"):
        needs.require(["transfers"], print)


@pytest.mark.skipif(os.geteuid() != 0, reason="packages are installed as root")
def test_root_installs_what_is_missing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_POLICY", "_CLUSTER_SETTINGS"):
        monkeypatch.setattr(f"elcorp_local.backing.packages.{name}", tmp_path / "etc" / name)
    put(
        path, "apt-get", f'echo "$@" >> {path}/asked; : > {path}/wrk; : > {path}/pgbench; /bin/chmod +x {path}/wrk {path}/pgbench'
    )
    needs.require(ALL, print)
    asked = (path / "asked").read_text()
    assert "install -y --no-install-recommends postgresql\n" in asked
    assert "install -y --no-install-recommends wrk\n" in asked


def test_the_output_of_a_failed_installation_is_shown(path: Path) -> None:
    put(path, "apt-get", "echo 'no network' >&2; exit 100")
    with pytest.raises(ProgramsMissing, match="wrk"):
        needs.require(["hot"], print)


def test_every_named_benchmark_exists() -> None:
    assert needs.NEEDS.keys() <= BENCHMARKS.keys()
