"""An address that fails on many names is refused, even though no name has used up its own attempts."""

import httpx
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from elcorp.compliance.v1 import events_pb2 as compliance
from services.identity.tests.contract.api import Api, refusal
from services.identity.tests.contract.outbox import published
from services.identity.tests.fakes import Fakes

WRONG = "Wrong-Sunrise-47!"
ADDRESS, ELSEWHERE = "198.51.100.7", "198.51.100.8"
LIMIT = 3


async def sessions(database: Database) -> int:
    async with database.read() as connection:
        count: int = (await connection.execute(text("SELECT count(*) FROM sessions"))).scalar_one()
    return count


async def failures(database: Database) -> list[tuple[str, str]]:
    """Return why each sign-in failed, and its address."""
    messages = await published(database, compliance.AuditFactsRecorded)
    facts = [fact for message, _ in messages for fact in message.facts]
    return [(fact.reason, fact.actor.ip) for fact in facts if fact.action == "identity.user.sign_in_failed"]


@pytest.fixture
async def elsewhere(api: Api) -> Api:
    """The same API, used from another address."""
    transport = api.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    other = httpx.ASGITransport(transport.app, raise_app_exceptions=False, client=(ELSEWHERE, 4711))
    return Api(httpx.AsyncClient(transport=other, base_url=api.client.base_url), device_id=api.device_id)


@pytest.mark.clause("ASVS 6.1.1")
async def test_failures_on_many_names_from_one_address_end_in_429(
    api: Api, elsewhere: Api, database: Database, fakes: Fakes
) -> None:
    fakes.attempts.limit_of_address = LIMIT
    await api.register()
    names = [{"email": f"nobody-{number}@example.na"} for number in range(LIMIT - 1)]
    failed = [await api.login(**name) for name in names] + [await api.login(password=WRONG)]
    assert [refusal(answer) for answer in failed] == [(401, "AUTH_001")] * LIMIT
    # The right password of an untried name, and an unknown name.
    for stopped in (await api.login(), await api.login(email="another@example.na")):
        assert (refusal(stopped), stopped.headers["Retry-After"]) == ((429, "RATE_001"), "60")
    assert await sessions(database) == 0
    reasons = ["unknown_account"] * (LIMIT - 1) + ["wrong_password"] + ["throttled"] * 2
    assert await failures(database) == [(reason, ADDRESS) for reason in reasons]
    assert (await elsewhere.login()).status_code == 200
    assert await sessions(database) == 1


async def test_successes_cost_an_address_nothing_and_clear_none_of_its_failures(api: Api, fakes: Fakes) -> None:
    fakes.attempts.limit_of_address = LIMIT
    await api.register()
    for number in range(LIMIT):
        assert (await api.login()).status_code == 200
        assert refusal(await api.login(email=f"nobody-{number}@example.na")) == (401, "AUTH_001")
    assert refusal(await api.login()) == (429, "RATE_001")


async def test_a_known_device_signs_in_from_an_address_that_failed_too_often(api: Api, fakes: Fakes) -> None:
    fakes.attempts.limit_of_address = LIMIT
    await api.register()
    device_token = (await api.login()).json()["data"]["device_token"]
    for number in range(LIMIT):
        await api.login(email=f"nobody-{number}@example.na")
    assert refusal(await api.login()) == (429, "RATE_001")
    assert (await api.login(device_token=device_token)).status_code == 200
