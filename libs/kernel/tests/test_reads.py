from datetime import UTC, datetime
from uuid import UUID

import pytest

from kernel.reads import OWNERS_MAX, ReadOfOthers, ReasonRequired, given

AT = datetime(2026, 3, 21, 8, tzinfo=UTC)
ALICE, BOB = UUID(int=1), UUID(int=2)


def test_a_read_of_one_thing_is_found_under_it_and_its_owners_but_not_among_its_changes() -> None:
    fact = ReadOfOthers(action="payments.wallet.read", resource_id="w", owners=(ALICE, None, BOB, ALICE)).fact(at=AT)
    assert (fact.resource_type, fact.resource_id, fact.related_ids) == ("read", "read/w", ("w", str(ALICE), str(BOB)))
    assert (fact.action, fact.occurred_at, fact.after, fact.reason) == ("payments.wallet.read", AT, None, None)


def test_a_search_says_by_what_how_many_it_showed_and_why() -> None:
    filters = given(status="active", since=AT, verified=False, kind=None)
    fact = ReadOfOthers(action="identity.user.search", filters=filters, shown=0, reason="complaint").fact(at=AT)
    assert fact.after == {
        "filters": {"status": "active", "since": "2026-03-21T08:00:00+00:00", "verified": False},
        "shown": 0,
    }
    assert (fact.resource_id, fact.related_ids, fact.reason) == ("read", (), "complaint")


def test_a_person_whose_things_are_listed_is_named_once() -> None:
    fact = ReadOfOthers(action="identity.session.list", resource_id=str(ALICE), owners=(ALICE,), shown=2).fact(at=AT)
    assert fact.related_ids == (str(ALICE),)


def test_more_people_than_one_entry_is_found_under_take_several_facts_that_name_them_all() -> None:
    people = [UUID(int=number) for number in range(OWNERS_MAX * 2 + 1)]
    read = ReadOfOthers(action="compliance.trail.read", resource_id="t", owners=people, reason="complaint")
    facts = list(read.facts(at=AT))
    assert [len(fact.related_ids) for fact in facts] == [OWNERS_MAX + 1, OWNERS_MAX + 1, 2]
    assert [named for fact in facts for named in fact.related_ids[1:]] == [str(person) for person in people]
    assert {(fact.resource_id, fact.related_ids[0], fact.reason) for fact in facts} == {("read/t", "t", "complaint")}


def test_a_missing_reason_names_its_field() -> None:
    with pytest.raises(ReasonRequired) as refused:
        raise ReasonRequired
    assert refused.value.field == "reason"
