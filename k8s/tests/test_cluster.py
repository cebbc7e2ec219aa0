"""The cluster that ELCORP_KUBECONFIG names takes every overlay, and warns of nothing. Collected only where it is set.

The cluster needs the overlays' namespaces (a document of a namespace that is not there is refused, also in a dry run), and the
kinds of cert-manager and the External Secrets Operator.
"""

import os
from pathlib import Path

import pytest

from k8s.tests.cluster import dry_run, problems
from k8s.tests.rendering import OVERLAYS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_cluster_takes_the_overlay(overlay: str) -> None:
    assert problems(dry_run(overlay, Path(os.environ["ELCORP_KUBECONFIG"]))) == ""
