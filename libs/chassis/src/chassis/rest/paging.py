"""Pages over HTTP: numbered for small lists, with cursors for histories."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.rest.context import current_request
from chassis.rest.envelope import Envelope, envelope
from chassis.rest.schema_names import name_of
from kernel.pages import PER_PAGE_MAX, CursorPage, CursorRequest, Page, PageRequest

T = TypeVar("T")
U = TypeVar("U")

# Deeper than people read; larger lists have cursors or exports.
PAGE_MAX = 10_000


class PageOf(BaseModel, Generic[T]):
    """One numbered page."""

    model_config = ConfigDict(frozen=True)

    items: Sequence[T]
    page: int = Field(examples=[1])
    per_page: int = Field(examples=[20])
    total: int = Field(examples=[57])

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{name_of(params[0])}Page"


class CursorPageOf(BaseModel, Generic[T]):
    """One page of a history; `next_cursor` is null on the last page."""

    model_config = ConfigDict(frozen=True)

    items: Sequence[T]
    next_cursor: str | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{name_of(params[0])}CursorPage"


async def _page_request(
    page: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 1,
    per_page: Annotated[int, Query(ge=1, le=PER_PAGE_MAX)] = 20,
) -> PageRequest:
    return PageRequest(page, per_page)


async def _cursor_request(
    cursor: Annotated[str | None, Query(min_length=1, max_length=512, pattern=r"^[A-Za-z0-9_.~=-]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=PER_PAGE_MAX)] = 20,
) -> CursorRequest:
    return CursorRequest(cursor, limit)


Paging = Annotated[PageRequest, Depends(_page_request)]
CursorPaging = Annotated[CursorRequest, Depends(_cursor_request)]


def page_of(page: Page[T], change: Callable[[T], U]) -> Envelope[PageOf[U]]:
    """Return a page of views mapped to schemas; adds its neighbours to the Link header."""
    if page.page > 1:
        _link("prev", page=str(page.page - 1), per_page=str(page.per_page))
    if page.page * page.per_page < page.total and page.page < PAGE_MAX:
        _link("next", page=str(page.page + 1), per_page=str(page.per_page))
    items = [change(item) for item in page.items]
    return envelope(PageOf.model_construct(items=items, page=page.page, per_page=page.per_page, total=page.total))


def cursor_of(page: CursorPage[T], change: Callable[[T], U]) -> Envelope[CursorPageOf[U]]:
    """Return a page of a history mapped to schemas; adds the next page to the Link header."""
    if page.next_cursor:
        _link("next", cursor=page.next_cursor)
    items = [change(item) for item in page.items]
    return envelope(CursorPageOf.model_construct(items=items, next_cursor=page.next_cursor))


def _link(relation: str, **query: str) -> None:
    if context := current_request.get():
        context.links[relation] = query
