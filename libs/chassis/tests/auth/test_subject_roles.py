from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from chassis.auth import Claims, SubjectRoles
from chassis.testing.clocks import ControlledClock
from chassis.testing.tokens import TokenForge
from elcorp.governance.v1.events_pb2 import SubjectRolesChanged
from kernel.ids import new_id


@dataclass(frozen=True)
class Received:
    message: SubjectRolesChanged
    occurred_at: datetime


@pytest.fixture
async def claims(clock: ControlledClock) -> Claims:
    forge = TokenForge(clock)
    return await forge.verifier().verify(forge.token(new_id(), roles=["staff"]))


@pytest.fixture
def roles(clock: ControlledClock) -> SubjectRoles:
    return SubjectRoles(clock)


def test_the_tokens_roles_hold_until_a_change_is_received(roles: SubjectRoles, claims: Claims) -> None:
    assert roles.effective(claims) == {"staff"}


@pytest.mark.clause("ASVS 8.3.2")
async def test_a_change_applies_at_once_and_to_its_subject_only(
    roles: SubjectRoles, claims: Claims, clock: ControlledClock
) -> None:
    await roles.on_changed(Received(SubjectRolesChanged(subject_id=claims.subject_id, roles=["user", "guest"]), clock.now()))
    await roles.on_changed(Received(SubjectRolesChanged(subject_id=str(new_id()), roles=["admin"]), clock.now()))
    assert roles.effective(claims) == {"user", "guest"}


def test_all_roles_can_be_revoked(roles: SubjectRoles, claims: Claims, clock: ControlledClock) -> None:
    roles.change(claims.subject_id, [], changed_at=clock.now())
    assert roles.effective(claims) == frozenset()


def test_a_change_is_kept_longer_than_any_token_is_valid(roles: SubjectRoles, claims: Claims, clock: ControlledClock) -> None:
    roles.change(claims.subject_id, ["guest"], changed_at=clock.now())
    clock.advance(seconds=20 * 60 - 1)
    assert roles.effective(claims) == {"guest"}
    clock.advance(seconds=1)
    assert roles.effective(claims) == {"staff"}


@pytest.mark.parametrize("jump", [1300, -1300])
def test_a_change_is_kept_as_long_when_the_time_of_day_is_set(
    roles: SubjectRoles, claims: Claims, clock: ControlledClock, jump: float
) -> None:
    roles.change(claims.subject_id, ["guest"], changed_at=clock.now())
    clock.jump(seconds=jump)
    assert roles.effective(claims) == {"guest"}
    clock.advance(seconds=20 * 60 - 1)
    assert roles.effective(claims) == {"guest"}
    clock.advance(seconds=1)
    assert roles.effective(claims) == {"staff"}


def test_a_change_received_late_is_kept_as_long(roles: SubjectRoles, claims: Claims, clock: ControlledClock) -> None:
    clock.advance(seconds=10 * 60)
    roles.change(claims.subject_id, ["guest"], changed_at=clock.now() - timedelta(seconds=5 * 60))
    assert roles.effective(claims) == {"guest"}
    clock.advance(seconds=20 * 60 - 1)
    assert roles.effective(claims) == {"guest"}
    clock.advance(seconds=1)
    assert roles.effective(claims) == {"staff"}


@pytest.mark.parametrize(
    ("issued_after_seconds", "held"),
    [
        pytest.param(-600, "guest", id="before the change"),
        pytest.param(0, "guest", id="in the second of the change: the role may have been read before it"),
        pytest.param(10, "guest", id="while clocks may differ"),
        pytest.param(11, "staff", id="later: the token carries the change, or one that was not received"),
        pytest.param(600, "staff", id="long after"),
    ],
)
def test_a_token_issued_well_after_a_change_has_its_own_roles(
    roles: SubjectRoles, claims: Claims, issued_after_seconds: int, held: str
) -> None:
    roles.change(claims.subject_id, ["guest"], changed_at=claims.issued_at - timedelta(seconds=issued_after_seconds))
    assert roles.effective(claims) == {held}
    # For an older token the change still applies.
    older = replace(claims, issued_at=claims.issued_at - timedelta(seconds=3600))
    assert roles.effective(older) == {"guest"}


def test_memory_is_bounded_and_the_change_received_first_is_forgotten(
    roles: SubjectRoles, claims: Claims, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.auth.subject_roles._SUBJECTS_MAX", 3)
    subjects = [str(new_id()) for _ in range(5)]
    for subject in subjects:
        roles.change(subject, ["guest"], changed_at=clock.now())
    held = [roles.effective(replace(claims, subject_id=subject)) for subject in subjects]
    assert held == [{"staff"}, {"staff"}, {"guest"}, {"guest"}, {"guest"}]


def test_an_older_change_that_arrives_later_is_ignored(roles: SubjectRoles, claims: Claims, clock: ControlledClock) -> None:
    roles.change(claims.subject_id, ["guest"], changed_at=clock.now())
    roles.change(claims.subject_id, ["admin"], changed_at=clock.now() - timedelta(seconds=1))
    assert roles.effective(claims) == {"guest"}
    roles.change(claims.subject_id, ["user"], changed_at=clock.now())
    assert roles.effective(claims) == {"user"}


def test_events_are_ordered_by_version_and_not_by_the_clocks_of_who_sent_them(
    roles: SubjectRoles, claims: Claims, clock: ControlledClock
) -> None:
    """A revocation that waited for a grant may bear an earlier time."""
    now = clock.now()
    roles.change(claims.subject_id, ["staff"], changed_at=now, version=7)
    roles.change(claims.subject_id, [], changed_at=now - timedelta(seconds=2), version=8)
    assert roles.effective(claims) == frozenset()
    roles.change(claims.subject_id, ["staff"], changed_at=now + timedelta(seconds=1), version=7)
    assert roles.effective(claims) == frozenset()
