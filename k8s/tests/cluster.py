"""Ask a cluster whether it takes an overlay, without changing anything there."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.ci.release import find_kubectl
from k8s.tests.rendering import K8S


def dry_run(overlay: str, kubeconfig: Path) -> list[str]:
    """Return the command that has the API server admit every document of an overlay and store none; a warning is an error."""
    return [
        find_kubectl(),
        f"--kubeconfig={kubeconfig}",
        "--warnings-as-errors",
        "apply",
        f"--kustomize={K8S / 'overlays' / overlay}",
        "--server-side",
        "--dry-run=server",
        # What was applied for real belongs to others.
        "--field-manager=elcorp-tests",
        "--force-conflicts",
    ]


def problems(command: Sequence[str]) -> str:
    """Run it; return what the cluster objects to, or nothing."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603  # our own files
    return result.stderr if result.returncode or result.stderr else ""
