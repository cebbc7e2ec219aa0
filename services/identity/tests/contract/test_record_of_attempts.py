"""The audit facts of counted attempts, with every field."""

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.attempts.record_counted_attempts import RecordCountedAttempts
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.outbox import fact, recording

WRONG = "Wrong-Sunrise-47!"


@pytest.fixture
def settings(usual_settings: IdentitySettings) -> IdentitySettings:
    return usual_settings.model_copy(update={"attempts_recorded_singly": 1})


async def test_facts_of_counted_attempts(
    api: Api, settings: IdentitySettings, database: Database, clock: ControlledClock
) -> None:
    # The request is the first attempt of the address, so it is a fact of its own.
    user_id = (await api.register()).json()["data"]["id"]
    for seconds, login in ((10, {"password": WRONG}), (20, {"email": "nobody@example.na"}), (30, {"password": WRONG})):
        clock.advance(seconds=seconds)
        await api.login(**login)
    clock.advance(seconds=60)
    async with recording(database) as record:
        await RecordCountedAttempts(unit_of_work(settings, database), clock)()
    failed = "identity.user.sign_in_failed"
    assert record.facts == [
        fact(
            "identity.attempts.count",
            ("source", "198.51.100.7"),
            by={"kind": "anonymous", "subject_id": "anonymous", "ip": "198.51.100.7"},
            at=clock.now(),
            after={
                "attempts": 3,
                "first_at": "2026-03-21T08:00:10+00:00",
                "last_at": "2026-03-21T08:01:00+00:00",
                "kinds": [
                    {"action": failed, "attempts": 1, "reason": "unknown_account"},
                    {"action": failed, "attempts": 2, "reason": "wrong_password", "accounts": {user_id: 2}},
                ],
            },
            related=[user_id],
        )
    ]
    assert record.events == []
