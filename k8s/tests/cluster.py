"""Ask a cluster whether it accepts an overlay, without changing anything there."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.ci.release import find_kubectl
from k8s.tests.rendering import K8S


def dry_run(overlay: str, kubeconfig: Path) -> list[str]:
    """Return the command that makes the API server check every document of an overlay without storing it; a warning is an
    error.
    """
    return [
        find_kubectl(),
        f"--kubeconfig={kubeconfig}",
        "--warnings-as-errors",
        "apply",
        f"--kustomize={K8S / 'overlays' / overlay}",
        "--server-side",
        "--dry-run=server",
        # Fields of applied documents belong to other managers.
        "--field-manager=elcorp-tests",
        "--force-conflicts",
    ]


def problems(command: Sequence[str]) -> str:
    """Run the command; return the cluster's errors and warnings, or nothing."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603  # our own files
    return result.stderr if result.returncode or result.stderr else ""
