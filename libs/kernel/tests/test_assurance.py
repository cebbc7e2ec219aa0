from datetime import UTC, datetime, timedelta

import pytest

from kernel.actor import Actor, ActorKind
from kernel.assurance import RECENT, STRONG_AND_RECENT, Assurance, StepUpRequired

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def signed_in(*methods: str, seconds_ago: int | None = 0) -> Actor:
    at = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    return Actor(kind=ActorKind.USER, subject_id="someone", authenticated_at=at, methods=methods)


@pytest.mark.parametrize(
    ("assurance", "actor"),
    [
        (STRONG_AND_RECENT, signed_in("pwd", "otp", "mfa", seconds_ago=300)),
        (RECENT, signed_in("pwd", seconds_ago=300)),
        (Assurance(multi_factor=True), signed_in("hwk", "mfa", seconds_ago=None)),
        (Assurance(), signed_in(seconds_ago=None)),
    ],
)
def test_a_session_that_is_sure_enough_may_go_on(assurance: Assurance, actor: Actor) -> None:
    assurance.require(actor, at=NOW)


@pytest.mark.parametrize(
    ("assurance", "actor"),
    [
        (STRONG_AND_RECENT, signed_in("pwd", "otp")),
        (STRONG_AND_RECENT, signed_in("pwd", "otp", "mfa", seconds_ago=301)),
        (RECENT, signed_in("pwd", seconds_ago=301)),
        (RECENT, signed_in("pwd", seconds_ago=None)),
    ],
)
def test_a_session_that_falls_short_is_told_what_is_missing(assurance: Assurance, actor: Actor) -> None:
    with pytest.raises(StepUpRequired) as refused:
        assurance.require(actor, at=NOW)

    assert refused.value.facts == {"multi_factor": assurance.multi_factor, "age_seconds_max": assurance.age_seconds_max}
