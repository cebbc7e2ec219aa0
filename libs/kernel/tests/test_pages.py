"""Pages keep their position when their items are mapped."""

import pytest

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
