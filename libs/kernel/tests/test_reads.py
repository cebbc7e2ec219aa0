from datetime import UTC, datetime
from uuid import UUID

import pytest

from kernel.reads import OWNERS_MAX, ReadOfOthers, ReasonRequired, given

AT = datetime(2026, 3, 21, 8, tzinfo=UTC)
ALICE, BOB = UUID(int=1), UUID(int=2)


def test_a_read_is_found_under_its_resource_and_owners_but_not_among_changes() -> None:
    fact = ReadOfOthers(action="payments.wallet.read", resource_id="w", owners=(ALICE, None, BOB, ALICE)).fact(at=AT)
    assert (fact.resource_type, fact.resource_id, fact.related_ids) == ("read", "read/w", ("w", str(ALICE), str(BOB)))
    assert (fact.action, fact.occurred_at, fact.after, fact.reason) == ("payments.wallet.read", AT, None, None)


def test_a_search_records_its_filters_row_count_and_reason() -> None:
    filters = given(status="active", since=AT, verified=False, kind=None)
    fact = ReadOfOthers(action="identity.user.search", filters=filters, shown=0, reason="complaint").fact(at=AT)
    assert fact.after == {
        "filters": {"status": "active", "since": "2026-03-21T08:00:00+00:00", "verified": False},
        "shown": 0,
    }
    assert (fact.resource_id, fact.related_ids, fact.reason) == ("read", (), "complaint")


def test_each_owner_is_recorded_once() -> None:
    fact = ReadOfOthers(action="identity.session.list", resource_id=str(ALICE), owners=(ALICE,), shown=2).fact(at=AT)
    assert fact.related_ids == (str(ALICE),)


def test_a_read_of_many_people_is_divided_into_several_facts() -> None:
    people = [UUID(int=number) for number in range(OWNERS_MAX * 2 + 1)]
    read = ReadOfOthers(action="compliance.trail.read", resource_id="t", owners=people, reason="complaint")
    facts = list(read.facts(at=AT))
    assert [len(fact.related_ids) for fact in facts] == [OWNERS_MAX + 1, OWNERS_MAX + 1, 2]
    assert [named for fact in facts for named in fact.related_ids[1:]] == [str(person) for person in people]
    assert {(fact.resource_id, fact.related_ids[0], fact.reason) for fact in facts} == {("read/t", "t", "complaint")}


def test_the_error_for_a_missing_reason_names_the_field() -> None:
    with pytest.raises(ReasonRequired) as refused:
        raise ReasonRequired
    assert refused.value.field == "reason"
