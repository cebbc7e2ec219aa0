"""The dry run of each overlay, and the outputs that count as a refusal. A substitute program runs instead of kubectl."""

from pathlib import Path

import pytest

from k8s.tests import cluster
from k8s.tests.rendering import K8S, OVERLAYS

# Prints its arguments, then fails or warns if the test requires it.
STUB = """#!/bin/bash
printf '%s\\n' "$@"
echo -n "$STUB_SAYS" >&2
exit "$STUB_STATUS"
"""


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "kubectl"
    program.write_text(STUB)
    program.chmod(0o755)
    monkeypatch.setattr(cluster, "find_kubectl", lambda: str(program))
    monkeypatch.setenv("STUB_SAYS", "")
    monkeypatch.setenv("STUB_STATUS", "0")
    return program


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_dry_run_stores_nothing(overlay: str, kubectl: Path, tmp_path: Path) -> None:
    program, *arguments = cluster.dry_run(overlay, tmp_path / "config")

    assert program == str(kubectl)
    assert {f"--kubeconfig={tmp_path}/config", f"--kustomize={K8S}/overlays/{overlay}"} < set(arguments)
    assert {"apply", "--server-side", "--dry-run=server", "--warnings-as-errors"} < set(arguments)


@pytest.mark.parametrize(("status", "says"), [("1", "error: denied"), ("0", "Warning: deprecated")])
def test_a_refusal_and_a_warning_are_problems(
    kubectl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, says: str
) -> None:
    command = cluster.dry_run("staging", tmp_path / "config")
    assert cluster.problems(command) == ""

    monkeypatch.setenv("STUB_STATUS", status)
    monkeypatch.setenv("STUB_SAYS", says)
    assert cluster.problems(command) == says
