from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kernel.actor import Actor, ActorKind
from kernel.assurance import NONE, RECENT, STRONG, Assurance, Factors, StepUpRequired

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TWO = ("pwd", "otp", "mfa")


def signed_in(*methods: str, enrolled: bool = False, seconds_ago: int | None = 0) -> Actor:
    at = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    return Actor(kind=ActorKind.USER, subject_id="someone", authenticated_at=at, methods=methods, has_second_factor=enrolled)


@pytest.mark.parametrize(
    ("assurance", "actor"),
    [
        (STRONG, signed_in(*TWO, enrolled=True, seconds_ago=300)),
        (RECENT, signed_in(*TWO, enrolled=True, seconds_ago=300)),
        (RECENT, signed_in("pwd", seconds_ago=300)),
        (NONE, signed_in("pwd", enrolled=True, seconds_ago=86_400)),
        (NONE, signed_in(seconds_ago=None)),
    ],
)
def test_a_session_that_meets_the_requirement_is_accepted(assurance: Assurance, actor: Actor) -> None:
    assurance.require(actor, at=NOW)


@pytest.mark.parametrize(
    ("assurance", "actor", "multi_factor"),
    [
        (STRONG, signed_in("pwd"), True),
        (STRONG, signed_in("pwd", "otp"), True),
        (STRONG, signed_in(*TWO, enrolled=True, seconds_ago=301), True),
        (RECENT, signed_in("pwd", enrolled=True), True),
        (RECENT, signed_in("otp", enrolled=True), True),
        (RECENT, signed_in(*TWO, enrolled=True, seconds_ago=301), True),
        (RECENT, signed_in("pwd", seconds_ago=301), False),
        (RECENT, signed_in("pwd", seconds_ago=None), False),
    ],
)
def test_the_refusal_of_a_session_says_what_is_missing(assurance: Assurance, actor: Actor, multi_factor: bool) -> None:
    with pytest.raises(StepUpRequired) as refused:
        assurance.require(actor, at=NOW)

    assert refused.value.facts == {"multi_factor": multi_factor, "age_seconds_max": 300}


def test_an_actor_with_unknown_factors_counts_as_having_two() -> None:
    actor = Actor(kind=ActorKind.USER, subject_id="someone", authenticated_at=NOW, methods=("pwd",))
    with pytest.raises(StepUpRequired):
        RECENT.require(actor, at=NOW)


def test_present_factors_override_those_of_the_token() -> None:
    RECENT.require(signed_in("pwd", enrolled=True), at=NOW, factors=Factors(0, has_second=False))
    with pytest.raises(StepUpRequired):
        RECENT.require(signed_in("pwd"), at=NOW, factors=Factors(0, has_second=True))


@pytest.mark.parametrize("assurance", [RECENT, STRONG])
@pytest.mark.parametrize(("version", "enough"), [(6, False), (7, True), (8, True)])
def test_a_token_of_an_earlier_version_counts_as_no_authentication(assurance: Assurance, version: int, enough: bool) -> None:
    actor = replace(signed_in(*TWO, enrolled=True), factors_version=version)
    factors = Factors(7, has_second=True)
    NONE.require(actor, at=NOW, factors=factors)
    if enough:
        assurance.require(actor, at=NOW, factors=factors)
        return
    with pytest.raises(StepUpRequired):
        assurance.require(actor, at=NOW, factors=factors)


@pytest.mark.parametrize("has_second", [False, True])
def test_the_refusal_requires_the_factors_that_the_user_has_now(has_second: bool) -> None:
    outdated = signed_in("pwd", enrolled=not has_second)
    with pytest.raises(StepUpRequired) as refused:
        RECENT.require(outdated, at=NOW, factors=Factors(1, has_second=has_second))
    assert refused.value.facts["multi_factor"] is has_second
