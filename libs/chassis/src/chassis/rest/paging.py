"""Pages over HTTP: numbered for small lists, with cursors for histories.

A cursor is bound to its list: the path, the filters and the order with which it was made. A client that changes a filter on the
way would otherwise miss entries or get some twice, and no response would show it.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chassis.rest.context import current_request
from chassis.rest.envelope import Envelope, envelope
from chassis.rest.schema_names import name_of
from kernel.pages import PER_PAGE_MAX, CursorPage, CursorRequest, Page, PageRequest, not_a_cursor

T = TypeVar("T")
U = TypeVar("U")

# Deeper than people read; larger lists have cursors or exports.
PAGE_MAX = 10_000
# Parameters that do not say which list is wanted: which part of it, and why a person reads it.
_NO_FILTERS: Final = frozenset({"cursor", "limit", "reason"})
_DIGEST_BYTES: Final = 9
_WHOLE: Final = re.compile(r"-?[0-9]+")


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


def _digits(given: object) -> object:
    # `int` would also take " 1", "+1" and "1.0".
    if isinstance(given, str) and not _WHOLE.fullmatch(given):
        raise ValueError("write a whole number in digits")
    return given


_InDigits = Annotated[int, BeforeValidator(_digits)]


async def page_request(
    page: Annotated[_InDigits, Query(ge=1, le=PAGE_MAX)] = 1,
    per_page: Annotated[_InDigits, Query(ge=1, le=PER_PAGE_MAX)] = 20,
) -> PageRequest:
    return PageRequest(page, per_page)


async def cursor_request(
    request: Request,
    cursor: Annotated[str | None, Query(min_length=1, max_length=512, pattern=r"^[A-Za-z0-9_.~=-]+$")] = None,
    limit: Annotated[_InDigits, Query(ge=1, le=PER_PAGE_MAX)] = 20,
) -> CursorRequest:
    digest = _digest_of_list(request.scope["path"], request.scope["query_string"])
    if context := current_request.get():
        context.list_digest = digest
    return CursorRequest(_unbound(cursor, digest) if cursor else None, limit)


def _digest_of_list(path: str, query: bytes) -> str:
    """Return a short digest of the list that a request asks for. It protects from mistakes, not from attacks."""
    filters = sorted(pair for pair in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if pair[0] not in _NO_FILTERS)
    digest = hashlib.blake2b(repr((path, filters)).encode(), digest_size=_DIGEST_BYTES).digest()
    return urlsafe_b64encode(digest).decode()


def _unbound(cursor: str, digest: str) -> str:
    position, _, of = cursor.rpartition(".")
    if not position or of != digest:
        raise not_a_cursor(cursor)
    return position


Paging = Annotated[PageRequest, Depends(page_request)]
CursorPaging = Annotated[CursorRequest, Depends(cursor_request)]


def page_of(page: Page[T], change: Callable[[T], U]) -> Envelope[PageOf[U]]:
    """Return a page of views mapped to schemas; adds the first, last and neighbouring pages to the Link header."""
    last = min(max(1, -(-page.total // page.per_page)), PAGE_MAX)
    found = {"first": 1, "last": last}
    if page.page > 1:
        # Past the end, the page before is the last one that has items.
        found["prev"] = min(page.page - 1, last)
    if page.page < last:
        found["next"] = page.page + 1
    for relation, number in found.items():
        _link(relation, page=str(number), per_page=str(page.per_page))
    items = [change(item) for item in page.items]
    return envelope(PageOf.model_construct(items=items, page=page.page, per_page=page.per_page, total=page.total))


def cursor_of(page: CursorPage[T], change: Callable[[T], U]) -> Envelope[CursorPageOf[U]]:
    """Return a page of a history mapped to schemas; adds the first and the next page to the Link header."""
    following = _bound(page.next_cursor) if page.next_cursor else None
    _link("first", cursor=None)
    if following:
        _link("next", cursor=following)
    items = [change(item) for item in page.items]
    return envelope(CursorPageOf.model_construct(items=items, next_cursor=following))


def _bound(position: str) -> str:
    context = current_request.get()
    if context is None or context.list_digest is None:
        raise RuntimeError("a list with cursors takes a CursorPaging")
    return f"{position}.{context.list_digest}"


def _link(relation: str, **query: str | None) -> None:
    if context := current_request.get():
        context.links[relation] = query
