"""Pages keep their position when their items are mapped."""

from uuid import UUID

import pytest

from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest


def test_a_mapped_page_keeps_its_number_size_and_total() -> None:
    assert Page([1, 2], page=3, per_page=20, total=42).map(str) == Page(["1", "2"], page=3, per_page=20, total=42)


@pytest.mark.parametrize("next_cursor", ["c-2", None])
def test_a_mapped_cursor_page_keeps_its_next_cursor(next_cursor: str | None) -> None:
    assert CursorPage([1, 2], next_cursor).map(str) == CursorPage(["1", "2"], next_cursor)


@pytest.mark.parametrize(("page", "per_page", "offset"), [(1, 20, 0), (1, 1, 0), (2, 20, 20), (3, 7, 14), (10_000, 100, 999_900)])
def test_the_offset_of_a_page_is_the_size_of_all_earlier_pages(page: int, per_page: int, offset: int) -> None:
    assert PageRequest(page, per_page).offset == offset


def test_the_default_page_is_the_first_with_twenty_items() -> None:
    assert PageRequest() == PageRequest(page=1, per_page=20)
    assert CursorRequest() == CursorRequest(after=None, limit=20)


@pytest.mark.parametrize("given", ["x", "-1", "1.0", "\u0661", "", "8", "9" * 100])
def test_a_cursor_that_is_no_number_of_the_list_is_refused(given: str) -> None:
    assert [CursorRequest(one).number(first=3, highest=7) for one in (None, "0", "7")] == [3, 0, 7]
    with pytest.raises(InvalidValue, match="with the same filters"):
        CursorRequest(given).number(highest=7)


def test_a_cursor_that_is_no_id_is_refused() -> None:
    one = UUID("01980a52-7c00-7000-8000-000000000001")
    assert CursorRequest(str(one)).id() == one
    assert CursorRequest().id() > one
    with pytest.raises(InvalidValue):
        CursorRequest("x").id()
