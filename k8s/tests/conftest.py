"""Collects the tests that ask a cluster only where there is one."""

import os

collect_ignore = [] if os.environ.get("ELCORP_KUBECONFIG") else ["test_cluster.py"]
