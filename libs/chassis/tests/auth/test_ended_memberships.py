from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from chassis.auth import Claims, EndedMemberships, Ending, InvalidToken
from chassis.testing.clocks import ControlledClock
from chassis.testing.tokens import TokenForge
from elcorp.governance.v1.events_pb2 import MembershipEnded
from kernel.errors import NotAMember
from kernel.ids import new_id

ORGANIZATION = new_id()


@dataclass(frozen=True)
class Received:
    message: MembershipEnded
    occurred_at: datetime


@pytest.fixture
async def claims(clock: ControlledClock) -> Claims:
    forge = TokenForge(clock)
    return await forge.verifier().verify(forge.token(new_id(), claims={"org": str(ORGANIZATION)}))


@pytest.fixture
def memberships(clock: ControlledClock) -> EndedMemberships:
    return EndedMemberships(clock)


def is_refused(memberships: EndedMemberships, claims: Claims) -> bool:
    try:
        memberships.require(claims)
    except NotAMember:
        return True
    return False


async def test_an_end_applies_at_once_to_that_person_and_organization_only(
    memberships: EndedMemberships, claims: Claims, clock: ControlledClock
) -> None:
    assert not is_refused(memberships, claims)
    ended = MembershipEnded(subject_id=claims.subject_id, organization_id=str(ORGANIZATION))
    await memberships.on_ended(Received(ended, clock.now()))
    assert is_refused(memberships, claims)
    assert not is_refused(memberships, replace(claims, subject_id=str(new_id())))
    assert not is_refused(memberships, replace(claims, organization_id=new_id()))
    assert not is_refused(memberships, replace(claims, organization_id=None))


@pytest.mark.parametrize(
    ("issued_after_seconds", "refused"),
    [
        pytest.param(-600, True, id="before the end"),
        pytest.param(10, True, id="while clocks may differ"),
        pytest.param(11, False, id="later: the person has joined again"),
    ],
)
def test_a_token_issued_well_after_an_end_is_accepted(
    memberships: EndedMemberships,
    claims: Claims,
    issued_after_seconds: int,
    refused: bool,  # a parameter
) -> None:
    ended_at = claims.issued_at - timedelta(seconds=issued_after_seconds)
    memberships.end(claims.subject_id, str(ORGANIZATION), at=ended_at)
    assert is_refused(memberships, claims) is refused


def test_an_end_is_kept_longer_than_any_token_is_valid(
    memberships: EndedMemberships, claims: Claims, clock: ControlledClock
) -> None:
    memberships.end(claims.subject_id, str(ORGANIZATION), at=clock.now())
    clock.advance(seconds=20 * 60 - 1)
    assert is_refused(memberships, claims)
    clock.advance(seconds=1)
    assert not is_refused(memberships, claims)


def test_an_older_end_that_arrives_later_is_ignored(
    memberships: EndedMemberships, claims: Claims, clock: ControlledClock
) -> None:
    for earlier_seconds in (0, 3600):
        memberships.end(claims.subject_id, str(ORGANIZATION), at=clock.now() - timedelta(seconds=earlier_seconds))
    assert is_refused(memberships, claims)


def test_memory_is_bounded_and_the_end_received_first_is_forgotten(
    memberships: EndedMemberships, claims: Claims, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.auth.ended_memberships._MEMBERSHIPS_MAX", 2)
    people = [str(new_id()) for _ in range(3)]
    for person in people:
        memberships.end(person, str(ORGANIZATION), at=clock.now())
    assert [is_refused(memberships, replace(claims, subject_id=person)) for person in people] == [False, True, True]


@pytest.mark.parametrize("organization", [7, "", "acme", str(UUID(int=1))[:-1], ["x"]], ids=repr)
async def test_a_malformed_organization_makes_the_token_invalid(clock: ControlledClock, organization: object) -> None:
    forge = TokenForge(clock)
    with pytest.raises(InvalidToken):
        await forge.verifier().verify(forge.token(claims={"org": organization}))


async def test_what_ended_before_the_process_started_is_read_from_governance(
    memberships: EndedMemberships, claims: Claims, clock: ControlledClock
) -> None:
    @dataclass
    class Governance:
        subject_id: str

        async def endings(self) -> Sequence[Ending]:
            return [Ending(self.subject_id, str(ORGANIZATION), clock.now())]

    await memberships.refresh(Governance(str(new_id())))
    assert not is_refused(memberships, claims)
    # Everybody: the organization was suspended.
    for subject_id in (claims.subject_id, ""):
        others = EndedMemberships(clock)
        await others.refresh(Governance(subject_id))
        assert is_refused(others, claims)
        # Read again, it is not forgotten.
        clock.advance(seconds=600)
        await others.refresh(Governance(subject_id))
        assert is_refused(others, claims)
