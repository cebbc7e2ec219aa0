import pytest
from journey import Person, walk

from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e


async def test_the_journey_can_be_repeated(platform: Platform) -> None:
    for _ in range(2):
        said: list[str] = []
        admin = Person("Administrator", email=platform.admin_email, password=platform.admin_password)
        assert await walk(platform.url, admin, said.append), "\n".join(said)
