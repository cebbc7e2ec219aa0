from datetime import UTC, datetime
from uuid import UUID

import pytest

from kernel.reads import ReadOfOthers, ReasonRequired, given

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


def test_a_missing_reason_names_its_field() -> None:
    with pytest.raises(ReasonRequired) as refused:
        raise ReasonRequired
    assert refused.value.field == "reason"
