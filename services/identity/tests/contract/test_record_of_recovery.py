"""The audit fact of the end of a recovery, with every field."""

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.outbox import fact, recording, user
from services.identity.tests.contract.recovery import ask_recovery


async def test_fact_of_a_recovery_that_a_second_factor_ended(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    claims = await verifier.verify(token := await api.signed_in())
    app = await second_factor(api, token, clock)
    clock.advance(seconds=60)
    asked = (await ask_recovery(api)).json()["data"]
    async with recording(database) as record:
        assert (await api.post("/auth/step-up", {"code": app.code()}, token=token)).status_code == 200
    verified, stepped_up, ended = record.facts
    assert (verified["action"], stepped_up["action"]) == ("identity.user.second_factor_shown", "identity.session.step_up")
    assert ended == fact(
        "identity.recovery.end",
        ("recovery_request", asked["id"]),
        by=user(claims),
        at=clock.now(),
        before={"open": True},
        after={"open": False},
        reason="second_factor_shown",
        related=[claims.subject_id],
    )
    assert record.events == []
