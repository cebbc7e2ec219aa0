"""What a producer answers is read completely, or refused."""

from typing import Any

import pytest

from compliance.domain.completeness import JournalEntry, JournalPage, Position, flaws_at
from compliance.infrastructure.journals import page_of
from elcorp.platform.v1 import journal_pb2
from kernel.errors import InvalidValue
from kernel.ids import new_id

FACT = new_id()


def response(**changes: Any) -> journal_pb2.ListEntriesResponse:
    made = {"number": 8, "fact_id": str(FACT), "digest": b"d" * 32, "chain": b"c" * 32}
    entry = journal_pb2.JournalEntry(**{**made, **changes})
    head: dict[str, Any] = {"last_number": 9, "chain": b"b" * 32, "unsent": 2, "unnumbered": 4}
    return journal_pb2.ListEntriesResponse(producer="payments", entries=[entry], **head)


def test_a_page_is_read_completely() -> None:
    entry = JournalEntry(8, FACT, b"d" * 32, b"c" * 32)
    assert page_of(response()) == JournalPage([entry], last_number=9, chain=b"b" * 32, unsent=2, unnumbered=4)
    # The journal's row was removed.
    assert page_of(response(fact_id="", digest=b"")).entries == [JournalEntry(8, None, b"", b"c" * 32)]


@pytest.mark.parametrize("change", [{"fact_id": "x"}, {"digest": b"x"}, {"chain": b""}], ids=["id", "digest", "chain"])
def test_an_invalid_entry_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        page_of(response(**change))


def test_a_number_that_was_compared_before_is_refused() -> None:
    [entry] = page_of(response()).entries
    with pytest.raises(InvalidValue):
        flaws_at(Position(8, b"c" * 32), entry, None, producer="payments")
