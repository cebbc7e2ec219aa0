"""Pages keep their place when their items are turned into something else."""

import pytest

from kernel.pages import CursorPage, CursorRequest, Page, PageRequest


def test_a_page_of_views_has_the_place_of_the_page_it_was_made_of() -> None:
    assert Page([1, 2], page=3, per_page=20, total=42).map(str) == Page(["1", "2"], page=3, per_page=20, total=42)


@pytest.mark.parametrize("next_cursor", ["c-2", None])
def test_a_history_goes_on_where_it_did_before_its_items_were_changed(next_cursor: str | None) -> None:
    assert CursorPage([1, 2], next_cursor).map(str) == CursorPage(["1", "2"], next_cursor)


@pytest.mark.parametrize(("page", "per_page", "offset"), [(1, 20, 0), (1, 1, 0), (2, 20, 20), (3, 7, 14), (10_000, 100, 999_900)])
def test_a_page_begins_after_those_before_it(page: int, per_page: int, offset: int) -> None:
    assert PageRequest(page, per_page).offset == offset


def test_who_asks_for_nothing_in_particular_gets_the_first_twenty() -> None:
    assert PageRequest() == PageRequest(page=1, per_page=20)
    assert CursorRequest() == CursorRequest(after=None, limit=20)
