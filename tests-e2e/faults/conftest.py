"""A platform with its own servers and two of each process, for tests that stop servers or kill processes."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from platform_settings import TEST_SETTINGS

from elcorp_local.platform import Platform
from elcorp_local.port_numbers import Ports

HERE = Path(__file__).parent
kept = ExitStack()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder, ports = tmp_path_factory.mktemp("faults"), Ports.free(replicas=2)
    return kept.enter_context(Platform.start(folder, ports=ports, environment=TEST_SETTINGS, fast=True))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    # As in the conftest of the folder above.
    if nextitem is None or HERE not in nextitem.path.parents:
        kept.close()
