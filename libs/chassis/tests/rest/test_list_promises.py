"""The check of lists finds each promise that a list breaks."""

from collections.abc import Callable
from typing import Annotated, Final

import httpx
import pytest
from fastapi import FastAPI, Query

from chassis.rest import CursorPageOf, CursorPaging, Envelope, PageOf, Paging, Public, Router, cursor_of, envelope, page_of
from chassis.rest.context import current_request
from chassis.testing.list_promises import ListPromises
from kernel.assurance import NONE
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest
from kernel.reads import NOBODY

router = Router("/shelves", tags=["shelves"], assurance=NONE, reads=NOBODY)
_BOOKS: Final = range(5)
Colour = Annotated[str, Query(max_length=9)]


def books(page: PageRequest) -> list[int]:
    return list(_BOOKS[page.offset : page.offset + page.per_page])


def history(cursor: CursorRequest) -> CursorPage[int]:
    start = int(cursor.after or 0)
    following = start + cursor.limit
    return CursorPage(list(_BOOKS[start:following]), str(following) if following < len(_BOOKS) else None)


@router.get("/good", dependencies=[Public])
async def good_page(page: Paging, colour: Colour = "") -> Envelope[PageOf[int]]:
    return page_of(Page(books(page), page.page, page.per_page, len(_BOOKS)), int)


@router.get("/good-history", dependencies=[Public])
async def good_history(cursor: CursorPaging, colour: Colour = "") -> Envelope[CursorPageOf[int]]:
    return cursor_of(history(cursor), int)


@router.get("/forgets-total", dependencies=[Public])
async def forgets_total(page: Paging) -> Envelope[PageOf[int]]:
    found = books(page)
    return page_of(Page(found, page.page, page.per_page, len(_BOOKS) if found else 0), int)


@router.get("/loses-filters", dependencies=[Public])
async def loses_filters(page: Paging, colour: Colour = "") -> Envelope[PageOf[int]]:
    response = page_of(Page(books(page), page.page, page.per_page, len(_BOOKS)), int)
    if context := current_request.get():
        context.links = {name: {**query, "colour": None} for name, query in context.links.items()}
    return response


@router.get("/unlinked", dependencies=[Public])
async def unlinked(page: Paging) -> Envelope[PageOf[int]]:
    return envelope(PageOf(items=books(page), page=page.page, per_page=page.per_page, total=len(_BOOKS)))


@router.get("/unbound", dependencies=[Public])
async def unbound(
    cursor: Annotated[str | None, Query(max_length=20)] = None, limit: Annotated[int, Query(le=100)] = 20
) -> Envelope[CursorPageOf[int]]:
    page = history(CursorRequest(cursor, limit))
    return envelope(CursorPageOf(items=page.items, next_cursor=page.next_cursor))


@router.get("/bare", dependencies=[Public])
async def bare_history(cursor: CursorPaging) -> Envelope[CursorPageOf[int]]:
    page = history(cursor)
    return envelope(CursorPageOf(items=page.items, next_cursor=page.next_cursor))


@router.get("/empty", dependencies=[Public])
async def empty_page(page: Paging) -> Envelope[PageOf[int]]:
    return page_of(Page([], page.page, page.per_page, 0), int)


@router.get("/one", dependencies=[Public])
async def one_entry(cursor: CursorPaging) -> Envelope[CursorPageOf[int]]:
    return cursor_of(CursorPage([1], None), int)


PATHS: Final = {
    "good_page": "/shelves/good?colour=red",
    "good_history": "/shelves/good-history?colour=red",
    "forgets_total": "/shelves/forgets-total",
    "loses_filters": "/shelves/loses-filters?colour=red",
    "unlinked": "/shelves/unlinked",
    "unbound": "/shelves/unbound",
    "bare_history": "/shelves/bare",
    "empty_page": "/shelves/empty",
    "one_entry": "/shelves/one",
}


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(make_app(router))


async def test_every_broken_promise_is_found_and_kept_ones_are_not(client: httpx.AsyncClient) -> None:
    async def ask(path: str) -> httpx.Response:
        return await client.get(f"/api/v1{path}")

    found = await ListPromises(ask, PATHS).broken([router])

    assert {fault.split()[0] for fault in found} == PATHS.keys() - {"good_page", "good_history"}
    for fault in (
        "forgets_total says 0 instead of 5 on page 6",
        "loses_filters loses filters in the link to first",
        "unlinked links to {} on page 1 of 5",
        "unbound takes no paging",
        "bare_history links to {} with the next cursor 1",
        "empty_page is empty in this test",
        "one_entry has fewer than two entries in this test",
    ):
        assert any(one.startswith(fault) for one in found), (fault, found)


async def test_a_list_without_a_path_is_an_error(client: httpx.AsyncClient) -> None:
    async def ask(path: str) -> httpx.Response:
        return await client.get(f"/api/v1{path}")

    with pytest.raises(AssertionError, match="lists without a path, or paths without a list"):
        await ListPromises(ask, {name: path for name, path in PATHS.items() if name != "one_entry"}).broken([router])
