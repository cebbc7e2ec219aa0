"""The cluster of ELCORP_KUBECONFIG accepts every overlay without warnings. Collected only if the variable is set.

The cluster needs the overlays' namespaces (documents of a missing namespace are refused, also in a dry run), and the
kinds of cert-manager and the External Secrets Operator.
"""

import os
from pathlib import Path

import pytest

from k8s.tests.cluster import dry_run, problems
from k8s.tests.rendering import OVERLAYS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_cluster_accepts_the_overlay(overlay: str) -> None:
    assert problems(dry_run(overlay, Path(os.environ["ELCORP_KUBECONFIG"]))) == ""
