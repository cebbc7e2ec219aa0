from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidValue
from payments.domain.errors import AlreadyEnded, LaterVersion
from payments.domain.limits import Limit
from payments.domain.validity import Validity, replaced_by
from services.payments.tests.unit.prices import AT, DAY, limit


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Validity(AT, AT - DAY)


def test_a_version_that_has_started_ends_now_and_a_later_one_never_starts() -> None:
    assert Validity(AT - DAY).ended(AT) == Validity(AT - DAY, AT)
    unborn = Validity(AT + DAY).ended(AT)
    assert unborn == Validity(AT + DAY, AT + DAY)
    assert not unborn.covers(AT + DAY)
    assert not unborn.reaches(AT)


def test_an_ended_version_cannot_be_ended_again() -> None:
    with pytest.raises(AlreadyEnded):
        Validity(AT - DAY, AT).ended(AT)


def test_a_later_version_conflicts() -> None:
    standing = [limit(validity=Validity(AT - DAY, AT + DAY)), limit(validity=Validity(AT + DAY), version=2)]
    with pytest.raises(LaterVersion):
        replaced_by(standing, AT)
    with pytest.raises(LaterVersion):
        replaced_by(standing, AT + DAY)
    assert replaced_by(standing, AT + 2 * DAY) is standing[1]


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=12))
def test_versions_never_overlap_however_they_are_made_and_ended(acts: list[tuple[int, bool]]) -> None:
    versions: list[Limit] = []
    for hours, ends in acts:
        at = AT + timedelta(hours=hours)
        try:
            if ends and versions:
                last = versions.pop()
                versions.append(last)
                versions[-1] = limit(validity=last.validity.ended(at))
            else:
                cut = replaced_by(versions, at)
                if cut:
                    versions[versions.index(cut)] = limit(validity=Validity(cut.validity.since, at))
                versions.append(limit(validity=Validity(at)))
        except (LaterVersion, AlreadyEnded):
            continue
    for hours in range(101):
        at = AT + timedelta(hours=hours)
        assert sum(version.validity.covers(at) for version in versions) <= 1


def test_a_version_that_ends_at_an_instant_does_not_cover_it() -> None:
    assert not Validity(AT - DAY, AT).reaches(AT)
    assert Validity(AT - DAY, AT).reaches(AT - DAY)
