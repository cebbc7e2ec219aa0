"""Collects the tests that need a cluster only if there is one."""

import os

collect_ignore = [] if os.environ.get("ELCORP_KUBECONFIG") else ["test_cluster.py"]
