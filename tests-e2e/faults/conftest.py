"""A platform on servers of its own, for tests that stop servers, kill processes or leave random things behind."""

from collections.abc import Iterator

import pytest

from elcorp_local.platform import Platform

# The limits that protect people from guessing would stop the load of a test.
TEST_SETTINGS = {"ELCORP_RATE_LIMIT_PER_MINUTE": "1000000", "ELCORP_LOGIN_ATTEMPTS_PER_HOUR": "100000"}


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform.start(tmp_path_factory.mktemp("faults"), environment=TEST_SETTINGS, fast=True) as platform:
        yield platform
