"""Images work without the removed parts, and their labels record what they were built from."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = ["gateway", "identity", "payments", "governance", "compliance"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def executable(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def with_first_on_path(folder: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.fixture
def trimmed(tmp_path: Path) -> Path:
    """A copy of pyarrow as in the image, except for the symbols, because not every machine has `strip`."""
    packages = tmp_path / "packages"
    shutil.copytree(Path(pa.__file__).parent, packages / "pyarrow")
    executable(tmp_path / "bin" / "strip", "exit 0")
    subprocess.run([ROOT / "deploy" / "trim.sh", packages], check=True, env=with_first_on_path(tmp_path / "bin"))  # noqa: S603  # our own
    return packages


def test_documents_are_made_without_the_removed_parts_of_packages(trimmed: Path) -> None:
    whole = sum(file.stat().st_size for file in Path(pa.__file__).parent.rglob("*"))
    assert sum(file.stat().st_size for file in trimmed.rglob("*")) < whole - 60e6

    check = "import sys, pyarrow; print(pyarrow.__file__); exec(compile(sys.stdin.read(), 'check', 'exec'))"
    done = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-c", check, "payments"],
        input=(ROOT / "deploy" / "check_image.py").read_text(),
        env={**os.environ, "PYTHONPATH": str(trimmed)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith(str(trimmed)), done.stderr
    assert "receipt, statement, Parquet, XLSX" in done.stdout, done.stderr


def test_a_list_with_a_missing_file_fails_the_build(trimmed: Path, tmp_path: Path) -> None:
    env = with_first_on_path(tmp_path / "bin")
    again = subprocess.run([ROOT / "deploy" / "trim.sh", trimmed], check=False, capture_output=True, env=env)  # noqa: S603  # our own
    assert again.returncode != 0


class Docker:
    """A substitute program on PATH that records its arguments, and fails if asked to run `failing`."""

    def __init__(self, folder: Path) -> None:
        self._asked = folder / "asked"
        self._bin = folder / "bin"
        self.answer("")

    def answer(self, failing: str) -> None:
        refusal = f'case "$*" in run*{failing}*) exit 1;; esac' if failing else ""
        executable(self._bin / "docker", f'echo "$@" >>{self._asked}\n{refusal}')

    def images(self, *arguments: str, **environment: str) -> tuple[int, list[str]]:
        env = {**with_first_on_path(self._bin), **environment}
        done = subprocess.run([ROOT / "deploy" / "images.sh", *arguments], check=False, env=env, capture_output=True)  # noqa: S603  # our own
        return done.returncode, self._asked.read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    return Docker(tmp_path)


def test_each_image_is_built_and_checked_with_the_commit_in_its_labels(docker: Docker) -> None:
    code, asked = docker.images("1.2.3", SOURCE="https://git.example/platform", IMAGE_PREFIX="registry.example/elcorp")

    assert code == 0
    assert [line.split()[0] for line in asked] == ["build", "run"] * len(SERVICES)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S607  # git
    for service, build, run in zip(SERVICES, asked[::2], asked[1::2], strict=True):
        image = f"registry.example/elcorp/{service}:1.2.3"
        assert f"--tag {image} --build-arg SERVICE={service} " in build
        assert "--build-arg DESCRIPTION=Elcorp Namibia: " in build
        assert "--build-arg VERSION=1.2.3 --build-arg SOURCE=https://git.example/platform " in build
        assert re.search(rf"REVISION={head}(-modified)? --build-arg CREATED=\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", build)
        assert f"--network none --read-only --tmpfs /tmp --entrypoint python {image} - {service}" in run
    assert set(re.findall(r"--build-arg (\w+)=", asked[0])) == set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))


def test_an_image_that_fails_its_check_stops_the_build(docker: Docker) -> None:
    docker.answer(failing="payments")
    code, asked = docker.images()
    assert (code, asked[-1].split()[-1]) == (1, "payments")


def test_every_label_of_an_image_has_a_value() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]+)"', DOCKERFILE))
    assert set(labels) == {
        *("title", "description", "vendor", "licenses", "version"),
        *("source", "documentation", "revision", "created", "base.name"),
    }


def test_ci_has_a_longer_timeout_than_its_script() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    limits = [int(found) for found in re.findall(r"^\w+_SECONDS_MAX=\$\{\w+:-(\d+)\}$", script, re.MULTILINE)]
    assert len(limits) == 2
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["test"]
    for_installation_seconds = 600
    assert job["timeout-minutes"] * 60 >= sum(limits) + for_installation_seconds


def test_third_party_actions_are_pinned_by_commit() -> None:
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        for line in workflow.read_text().splitlines():
            if "uses:" in line:
                assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line
