"""A platform on servers of its own, for tests that stop servers, kill processes or leave random things behind."""

from collections.abc import Iterator

import pytest
from platform_settings import TEST_SETTINGS

from elcorp_local.platform import Platform


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform.start(tmp_path_factory.mktemp("faults"), environment=TEST_SETTINGS, fast=True) as platform:
        yield platform
